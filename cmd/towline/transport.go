package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
)

// trusting gives a transport that trusts the PEM certificates in ca as well as the
// system's, or nil, which means the default, where there are none.
func trusting(ca []byte) (http.RoundTripper, error) {
	if len(ca) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, err
	}
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("auth.caFile holds no PEM certificate")
	}
	return &http.Transport{
		Proxy:           http.ProxyFromEnvironment,
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}, nil
}
