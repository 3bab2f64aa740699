/**
 * A certificate for localhost and 127.0.0.1 that signs itself, valid until 2126, and its key, which is no secret: it serves
 * tests on loopback only. Made with: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500
 * -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1
 */
export const localhostCertificate = `-----BEGIN CERTIFICATE-----
MIIBnDCCAUGgAwIBAgIUXhNkRAfDdpG/zIor9EMt3zxWv/gwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTA1MDc0MloYDzIxMjYxMDI4
MDUwNzQyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARBS32PEWODYyrwKPiC9sbEjPJ2WE6g147GyUOXp+9jbPZg1HOM/pNt
aJiBBdLesy+OMrALeLRKNdemfZqVOx3ko28wbTAdBgNVHQ4EFgQUNk89ldSy8cPc
j3tkeiis3dFMMtcwHwYDVR0jBBgwFoAUNk89ldSy8cPcj3tkeiis3dFMMtcwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSQAwRgIhAMoDy9oHrQtrW9/+CyXO/3vo2XLT/I7Z665zgFHfzXAyAiEA
ntcLc4rJt6c4TRKTv5nmS0ROYKlaeA/YH7J2gdknDhU=
-----END CERTIFICATE-----
`

export const localhostKey = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQ2o6evD3Vk5SyRUm
KFzIlo6q/LhGoBZZl7DNli/uINOhRANCAARBS32PEWODYyrwKPiC9sbEjPJ2WE6g
147GyUOXp+9jbPZg1HOM/pNtaJiBBdLesy+OMrALeLRKNdemfZqVOx3k
-----END PRIVATE KEY-----
`
