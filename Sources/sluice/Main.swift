import SluiceCLI

@main
enum Main {
    static func main() { Sluice.run() }
}
