package gitrepo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo/proxy"
	"github.com/towline-dev/towline/internal/gitrepo/sshclient"
	"github.com/towline-dev/towline/internal/secret"
)

// Auth holds what one remote is told about us. It is sent to the origin (scheme,
// host and port) of Config.URL and to nothing else.
type Auth struct {
	// Username goes with the password. Default: "x-access-token", which GitHub
	// wants beside a token and which other forges ignore.
	Username string
	// Password is a password or a token. Default: none, so the remote is read
	// anonymously.
	Password secret.String
	// Bearer, where set, goes in the place of Username and Password, in the header
	// Authorization: Bearer. Default: none.
	Bearer secret.String
	// Token, where set, is asked before each request and takes the place of
	// Password: for tokens that expire, such as a GitHub App's, and for files that
	// change. It caches by itself.
	Token func(ctx context.Context) (secret.String, error)
	// CA holds PEM certificates that are trusted in addition to the system's, also for
	// a proxy that is reached by TLS.
	CA []byte
	// ClientCertificate, where set, gives the certificate for each TLS connection
	// whose server asks for one, so that a renewed one is used. A proxy that is reached
	// by TLS may ask for it too. Default: none.
	ClientCertificate func() (*tls.Certificate, error)
	// Proxy is the URL of an http, https, socks5 or socks5h proxy, which may hold the
	// proxy's own user and password. Default: for http and https what HTTPS_PROXY,
	// HTTP_PROXY and NO_PROXY say, for ssh none.
	Proxy secret.String
	// SSH is asked before each command on the host of an ssh URL, which needs it; a
	// connection is used again only while the answer is the same. Other URLs don't use it.
	SSH func(ctx context.Context) (SSH, error)
}

// SSH is who we are to an SSH host, and by what we know the host.
type SSH = sshclient.Identity

// HTTPTransport gives a transport that trusts CA too, shows ClientCertificate and goes
// through Proxy. It adds neither password nor token. A forge's API is reached by it too.
func (a Auth) HTTPTransport() (*http.Transport, error) {
	through, err := proxy.Parse(a.Proxy)
	if err != nil {
		return nil, err
	}
	base, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		base = &http.Transport{Proxy: http.ProxyFromEnvironment}
	}
	transport := base.Clone()
	transport.ResponseHeaderTimeout = time.Minute
	transport.OnProxyConnectResponse = checkProxy
	if through != nil {
		transport.Proxy = http.ProxyURL(through)
	}
	if len(a.CA) == 0 && a.ClientCertificate == nil {
		return transport, nil
	}
	roots, err := a.roots()
	if err != nil {
		return nil, err
	}
	transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	if a.ClientCertificate != nil {
		transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return a.ClientCertificate()
		}
	}
	return transport, nil
}

// roots gives the system's authorities with CA's, or nil, which means the system's.
func (a Auth) roots() (*x509.CertPool, error) {
	if len(a.CA) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(a.CA) {
		return nil, errors.New("the CA bundle holds no PEM certificate")
	}
	return pool, nil
}

// checkProxy makes a typed error of a tunnel that a proxy refuses.
func checkProxy(_ context.Context, through *url.URL, _ *http.Request, res *http.Response) error {
	if res.StatusCode == http.StatusOK {
		return nil
	}
	return &proxy.Error{Proxy: through.Host, Status: res.StatusCode}
}
