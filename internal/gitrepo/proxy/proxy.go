// Package proxy reaches hosts through an HTTP or SOCKS5 proxy, for connections that
// net/http doesn't make. A proxy's URL may hold a password, so no message repeats it,
// and the password goes to the proxy and to nobody else.
package proxy

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"

	xproxy "golang.org/x/net/proxy"

	"github.com/towline-dev/towline/internal/secret"
)

// maxAnswer bounds the head of a proxy's answer, in bytes.
const maxAnswer = 64 << 10

// Error is a proxy that didn't let a connection through.
type Error struct {
	Proxy  string // host and port
	Status int    // the HTTP status that it answered
}

// Error gives the proxy and what it said.
func (e *Error) Error() string {
	text := fmt.Sprintf("the proxy %s answers %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
	if e.Status == http.StatusProxyAuthRequired {
		text += " (hint: the proxy's URL takes user:password@ before the host)"
	}
	return text
}

// Parse reads the URL of a proxy: http, https, socks5 or socks5h, with a user and a
// password where it wants them. The empty text is no proxy, and gives nil.
func Parse(text secret.String) (*url.URL, error) {
	if text.IsZero() {
		return nil, nil
	}
	u, err := url.Parse(text.Reveal())
	if err != nil || u.Host == "" || !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, u.Scheme) {
		return nil, errors.New("the proxy's URL can't be used (hint: such as http://proxy.example.com:3128 or socks5://proxy.example.com:1080)")
	}
	return u, nil
}

// Dialer connects through a proxy.
type Dialer struct {
	// URL is the proxy's, see Parse. Default: none, so Dial connects straight.
	URL *url.URL
	// Roots are who may vouch for a proxy that is reached by TLS. Default: the system's.
	Roots *x509.CertPool
}

// Dial connects to address (host:port). The proxy looks the name up. ctx bounds the
// connecting alone.
func (d Dialer) Dial(ctx context.Context, address string) (net.Conn, error) {
	through := d.URL
	if through == nil {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if through.Scheme == "socks5" || through.Scheme == "socks5h" {
		return socks(ctx, through, address)
	}
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", hostPort(through))
	if err != nil {
		return nil, fmt.Errorf("reaching the proxy: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() }) // ends whatever is waited for
	defer stop()
	conn := raw
	if through.Scheme == "https" {
		conn = tls.Client(conn, &tls.Config{ServerName: through.Hostname(), RootCAs: d.Roots, MinVersion: tls.VersionTLS12})
	}
	tunnel, err := connect(conn, through, address)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return tunnel, nil
}

func socks(ctx context.Context, through *url.URL, address string) (net.Conn, error) {
	var auth *xproxy.Auth
	if through.User != nil {
		password, _ := through.User.Password()
		auth = &xproxy.Auth{User: through.User.Username(), Password: password}
	}
	dialer, err := xproxy.SOCKS5("tcp", hostPort(through), auth, &net.Dialer{})
	if err != nil {
		return nil, err
	}
	contexts, ok := dialer.(xproxy.ContextDialer)
	if !ok {
		return nil, errors.New("the SOCKS dialer takes no deadline")
	}
	return contexts.DialContext(ctx, "tcp", address)
}

// connect asks an HTTP proxy for a tunnel.
func connect(conn net.Conn, through *url.URL, address string) (net.Conn, error) {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	req.Header.Set("User-Agent", "git/towline")
	if user := through.User; user != nil {
		password, _ := user.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	if err := req.Write(conn); err != nil {
		return nil, fmt.Errorf("asking the proxy for a tunnel: %w", err)
	}
	head := &io.LimitedReader{R: conn, N: maxAnswer}
	buffered := bufio.NewReader(head)
	res, err := http.ReadResponse(buffered, req)
	if err != nil {
		return nil, fmt.Errorf("asking the proxy for a tunnel: %w", err)
	}
	_ = res.Body.Close() // what follows a refusal is for nobody; a tunnel has no body
	if res.StatusCode != http.StatusOK {
		return nil, &Error{Proxy: through.Host, Status: res.StatusCode}
	}
	head.N = math.MaxInt64
	return &tunnel{conn, buffered}, nil
}

// tunnel is a connection whose far end may have spoken right behind the proxy's
// answer, as an SSH server does.
type tunnel struct {
	net.Conn
	buffered io.Reader
}

func (t *tunnel) Read(p []byte) (int, error) { return t.buffered.Read(p) }

func hostPort(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	port := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[u.Scheme]
	return net.JoinHostPort(u.Hostname(), port)
}
