import Schema

extension Configuration {
    /// What `sluice run` serves without a configuration: a demo API on 127.0.0.1:8080 that needs no upstream.
    package static let quickStart: Configuration =
        load(ConfigNode.read(yaml: quickStartYAML, file: "quick-start.yaml").tree).value ?? Configuration()

    /// The same as a file that a user can start from.
    package static let quickStartYAML = """
        listeners:
          - name: web
            address: 127.0.0.1:8080
        apis:
          - name: demo
            version: v1
            routes:
              - name: welcome
                match: { path: /, methods: [GET] }
                respond:
                  headers: { content-type: application/json }
                  body: '{"gateway":"sluice","try":["/hello","/hello/{name}","/products","/products/{id}","/old/products"]}'
              - name: hello
                match: { path: /hello, methods: [GET] }
                respond: { headers: { content-type: text/plain; charset=utf-8 }, body: Hello from Sluice! }
              - name: hello-you
                match: { path: "/hello/{name}", methods: [GET] }
                respond: { headers: { content-type: text/plain; charset=utf-8 }, body: "Hello, {name}!" }
              - name: list-products
                match: { path: /products, methods: [GET] }
                respond:
                  headers: { content-type: application/json }
                  body: '[{"id":"1","name":"kettle","price":24.9},{"id":"2","name":"lamp","price":39.0}]'
              - name: read-product
                match: { path: "/products/{id}", methods: [GET] }
                respond:
                  headers: { content-type: application/json }
                  body: '{"id":"{id}","name":"kettle","price":24.9}'
              - name: moved
                match: { path: "/old/*" }
                redirect: { to: "/{*}", status: 308 }

        """
}
