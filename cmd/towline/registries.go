package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"

	"github.com/google/go-containerregistry/pkg/name"

	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/keychain"
)

// wireRegistries makes the registry client's configuration: each host's budget, TLS,
// proxy and mirrors, and one keychain for all. A host's own credentials go before
// docker's configuration, and that before the identity that a cloud gives.
func wireRegistries(p process, entries []config.Registry, c *cluster, log *slog.Logger) (registry.Config, error) {
	reached := registry.Config{Hosts: map[string]registry.HostConfig{}, UserAgent: "towline/" + version(), Log: log}
	o := keychain.Options{Log: log}
	signIn := signIn{process: p, options: o, cluster: c}
	keys := keychain.Config{Hosts: map[string]keychain.Source{}, Others: []keychain.Source{keychain.Docker(o)}}
	for _, provider := range keychain.Providers() {
		keys.Others = append(keys.Others, keychain.Optional(keychain.Ambient(provider, o), o))
	}
	for _, r := range entries {
		reg, err := name.NewRegistry(r.Host)
		if err != nil {
			return reached, err
		}
		host := reg.RegistryStr()
		if err := reach(reached.Hosts, host, r); err != nil {
			return reached, fmt.Errorf("registry %s: %w", r.Host, err)
		}
		if r.Auth == nil {
			continue
		}
		if keys.Hosts[host], err = signIn.source(host, *r.Auth); err != nil {
			return reached, fmt.Errorf("registry %s: %w", r.Host, err)
		}
	}
	k, err := keychain.New(keys)
	reached.Keychain = k
	return reached, err
}

// reach adds to the hosts how one is reached, and what it stands in for.
func reach(hosts map[string]registry.HostConfig, host string, r config.Registry) error {
	h := hosts[host]
	h.PlainHTTP = h.PlainHTTP || r.PlainHTTP
	h.QPS, h.MaxConns = max(h.QPS, r.RequestsPerSecond), max(h.MaxConns, r.Connections)
	if r.CAFile != "" || r.CertFile != "" {
		t, err := clientTLS(r)
		if err != nil {
			return err
		}
		h.TLS = t
	}
	if r.Proxy != "" {
		u, err := url.Parse(r.Proxy)
		if err != nil {
			return errors.New("the proxy's URL can't be read") // and isn't shown: it may hold a password
		}
		h.Proxy = http.ProxyURL(u)
	}
	hosts[host] = h
	if r.MirrorOf == "" {
		return nil
	}
	of, err := name.NewRegistry(r.MirrorOf)
	if err != nil {
		return err
	}
	mirrored := hosts[of.RegistryStr()]
	mirrored.Mirrors = append(mirrored.Mirrors, registry.Mirror{Host: host, Prefix: r.Prefix})
	hosts[of.RegistryStr()] = mirrored
	return nil
}

// clientTLS trusts the authority as well as the system's. The client certificate is
// read for each connection, since it is renewed while the bot runs.
func clientTLS(r config.Registry) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CAFile != "" {
		pem, err := os.ReadFile(r.CAFile)
		if err != nil {
			return nil, err
		}
		if t.RootCAs, err = x509.SystemCertPool(); err != nil {
			return nil, err
		}
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no PEM certificate", r.CAFile)
		}
	}
	if r.CertFile == "" {
		return t, nil
	}
	load := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(r.CertFile, r.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the client certificate %s: %w", r.CertFile, err)
		}
		return &pair, nil
	}
	if _, err := load(nil); err != nil {
		return nil, err
	}
	t.GetClientCertificate = load
	return t, nil
}
