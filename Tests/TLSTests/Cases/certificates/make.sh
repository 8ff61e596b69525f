#!/bin/sh -e
# Makes every certificate of this folder anew. They are valid for a hundred years, all but the expired one.
cd "$(dirname "$0")"
rm -f -- *.crt *.key
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/index"
cat > "$work/ca.cnf" <<END
[ca]
default_ca = d
[d]
database = $work/index
new_certs_dir = $work
rand_serial = yes
unique_subject = no
default_md = sha256
policy = p
[p]
commonName = supplied
END

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out "$1" 2> /dev/null; }

# root NAME SUBJECT [EXTENSION]
root() {
    openssl req -x509 -new -key "$3" -subj "/CN=$2" -days 36500 -out "$1.crt" -addext "keyUsage=critical,keyCertSign,cRLSign,digitalSignature" \
        ${4:+-addext "$4"}
}

# leaf NAME AUTHORITY END USAGE EXTENSION...
leaf() {
    name=$1 authority=$2 end=$3 usage=$4
    shift 4
    { echo "${usage:+keyUsage=critical,$usage}"; for line; do echo "$line"; done; } > "$work/extensions"
    openssl req -new -key leaf.key -subj "/CN=orders.test" -out "$work/request"
    openssl ca -batch -notext -config "$work/ca.cnf" -in "$work/request" -cert "$authority.crt" -keyfile "$work/$authority.key" \
        -startdate 20200101000000Z -enddate "$end" -extfile "$work/extensions" -out "$name.crt" 2> /dev/null
}

key "$work/ca.key"
key "$work/other.key"
key leaf.key
key stranger.key
root ca "Test CA" "$work/ca.key"
root other "Other CA" "$work/other.key"
root self "orders.test" leaf.key "subjectAltName=DNS:orders.test"
far=21200101000000Z
plain="basicConstraints=critical,CA:FALSE"
leaf name ca $far digitalSignature "$plain" "subjectAltName=DNS:orders.test,DNS:billing.test"
leaf wildcard ca $far digitalSignature "$plain" "subjectAltName=DNS:*.orders.test"
leaf address ca $far digitalSignature "$plain" "subjectAltName=IP:10.0.0.1,IP:fd00::1"
leaf subject-only ca $far digitalSignature "$plain"
leaf client-only ca $far digitalSignature "$plain" "extendedKeyUsage=clientAuth" "subjectAltName=DNS:orders.test"
leaf expired ca 20210101000000Z digitalSignature "$plain" "subjectAltName=DNS:orders.test"
# A name with a zero byte in it, which some would read as `orders.test`.
leaf zero ca $far digitalSignature "$plain" "subjectAltName=DER:301882166f72646572732e74657374002e6576696c2e74657374"
leaf svid ca $far digitalSignature "$plain" "subjectAltName=URI:spiffe://prod.test/orders,DNS:orders.test"
leaf svid-two-uris ca $far digitalSignature "$plain" "subjectAltName=URI:spiffe://prod.test/orders,URI:https://orders.test/"
leaf svid-domain ca $far digitalSignature "$plain" "subjectAltName=URI:spiffe://prod.test"
leaf svid-authority ca $far digitalSignature,keyCertSign "basicConstraints=critical,CA:TRUE" "subjectAltName=URI:spiffe://prod.test/orders"
leaf svid-no-usage ca $far "" "$plain" "subjectAltName=URI:spiffe://prod.test/orders"
leaf svid-agreement ca $far keyAgreement "$plain" "subjectAltName=URI:spiffe://prod.test/orders"
