import Schema
import Testing

@Suite struct SecretValueTests {
    @Test func aSecretIsNeverPrinted() {
        let secret = SecretText("hunter2")
        var dumped = ""
        dump([secret], to: &dumped)
        for text in ["\(secret)", "\([secret])", String(reflecting: secret), dumped, secret.encoded.text()] {
            #expect(!text.contains("hunter2"))
            #expect(text.contains("***") || text.contains("1 element"))
        }
        #expect(secret.text == "hunter2")
    }

    @Test(arguments: [
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "sha256:9F:86:D0:81:88:4C:7D:65:9A:2F:EA:A0:C5:5A:D0:15:A3:BF:4F:1B:2B:0B:82:2C:D1:5D:6C:15:B0:F0:0A:08",
    ])
    func hash(_ text: String) throws {
        let hash = try #require(SHA256Text(parsing: text))
        #expect(hash.words == (0x9f86_d081_884c_7d65, 0x9a2f_eaa0_c55a_d015, 0xa3bf_4f1b_2b0b_822c, 0xd15d_6c15_b0f0_0a08))
        #expect(hash.text == "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
    }

    @Test(arguments: [
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "sha256:",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0801",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a0g",
        "sha256::9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08:",
        "sha256:9:f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ])
    func noHash(_ text: String) { #expect(SHA256Text(parsing: text) == nil) }
}

@Suite struct MomentTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2027-03-31T22:00:00Z", 1_806_530_400), ("2027-03-31t22:00:00.999z", 1_806_530_400),
        ("2027-03-31T22:00:00+02:00", 1_806_523_200), ("2027-03-31T22:00:00-00:30", 1_806_532_200), ("2027-03-31", 1_806_537_600),
        ("2000-02-29T12:34:56Z", 951_827_696), ("1969-12-31T23:59:59Z", -1), ("2024-12-31", 1_735_689_600), ("0001-01-01T00:00:00Z", -62_135_596_800),
    ])
    func seconds(_ text: String, _ seconds: Int64) { #expect(Moment(parsing: text)?.seconds == seconds) }

    @Test(arguments: [
        "", "2027", "2027-3-31", "2027-02-29", "1900-02-29", "2027-04-31", "2027-13-01", "2027-00-01", "2027-01-00", "2027-03-31T",
        "2027-03-31T22:00Z",
        "2027-03-31T22:00:00", "2027-03-31T24:00:00Z", "2027-03-31T22:60:00Z", "2027-03-31T22:00:00.Z", "2027-03-31T22:00:00+2:00",
        "2027-03-31T22:00:00Zx", "2027-03-31 22:00:00Z", "tomorrow",
    ])
    func none(_ text: String) { #expect(Moment(parsing: text) == nil) }

    /// Every day of four centuries, there and back.
    @Test func calendar() {
        for day in stride(from: Int64(-146_097), through: 146_097, by: 1) {
            let moment = Moment(seconds: day * 86_400 + 3_661)
            #expect(Moment(parsing: moment.text)?.seconds == day * 86_400 + 3_661)
        }
    }
}
