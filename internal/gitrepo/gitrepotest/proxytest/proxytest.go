// Package proxytest runs small real proxies for tests: one for HTTP with CONNECT, one
// for SOCKS5. Both may want a user and a password, and both keep what they saw.
package proxytest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"sync"
	"testing"
)

// Proxy is one that runs until the test ends.
type Proxy struct {
	// Address is host:port.
	Address string

	user, password string
	status         int

	mu      sync.Mutex
	targets []string
	saw     bytes.Buffer
	open    map[net.Conn]bool
}

// New starts an HTTP proxy. An empty user lets everybody through; a status other than
// 0 is what it answers to all.
func New(tb testing.TB, user, password string, status int) *Proxy {
	tb.Helper()
	p := &Proxy{user: user, password: password, status: status, open: map[net.Conn]bool{}}
	return p.start(tb, httptest.NewServer(http.HandlerFunc(p.serve)))
}

// NewTLS starts an HTTP proxy that is reached by TLS, with the certificate that it is
// known by, in PEM.
func NewTLS(tb testing.TB, user, password string) (p *Proxy, ca []byte) {
	tb.Helper()
	p = &Proxy{user: user, password: password, open: map[net.Conn]bool{}}
	server := httptest.NewUnstartedServer(http.HandlerFunc(p.serve))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that don't trust it are part of the tests
	server.StartTLS()
	return p.start(tb, server), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
}

func (p *Proxy) start(tb testing.TB, server *httptest.Server) *Proxy {
	p.Address = server.Listener.Addr().String()
	tb.Cleanup(func() { p.drop(); server.Close() })
	return p
}

// NewSOCKS starts a SOCKS5 proxy.
func NewSOCKS(tb testing.TB, user, password string) *Proxy {
	tb.Helper()
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &Proxy{Address: listener.Addr().String(), user: user, password: password, open: map[net.Conn]bool{}}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { _ = p.socks(conn) }) // a client that goes away is its own affair
		}
	})
	tb.Cleanup(func() { _ = listener.Close(); p.drop(); running.Wait() })
	return p
}

// Targets are the host:port that it was asked for, in order.
func (p *Proxy) Targets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.targets...)
}

// Saw is all that came from clients, the proxy's own password in clear.
func (p *Proxy) Saw() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.saw.String()
}

func (p *Proxy) note(target, text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.targets = append(p.targets, target)
	p.saw.WriteString(text)
}

func (p *Proxy) serve(w http.ResponseWriter, req *http.Request) {
	head, err := httputil.DumpRequest(req, false)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	p.note(req.Host, string(head))
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user+":"+p.password))
	switch {
	case p.status != 0:
		http.Error(w, "no", p.status)
	case p.user != "" && req.Header.Get("Proxy-Authorization") != want:
		w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
		http.Error(w, "who are you?", http.StatusProxyAuthRequired)
	case req.Method == http.MethodConnect:
		p.connect(w, req.Host)
	default:
		(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: r.In.Host})
		}}).ServeHTTP(w, req)
	}
}

func (p *Proxy) connect(w http.ResponseWriter, target string) {
	server, err := dial(target)
	if err != nil {
		http.Error(w, "the target doesn't answer", http.StatusBadGateway)
		return
	}
	client, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = server.Close()
		return
	}
	if _, err := client.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err == nil {
		p.pass(client, buffered, server)
	}
}

func dial(target string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(context.Background(), "tcp", target)
}

// pass copies both ways and keeps what the client sent.
func (p *Proxy) pass(client net.Conn, from io.Reader, server net.Conn) {
	p.mu.Lock()
	p.open[client], p.open[server] = true, true
	p.mu.Unlock()
	closeBoth := sync.OnceFunc(func() { _, _ = client.Close(), server.Close() })
	var both sync.WaitGroup
	both.Go(func() { defer closeBoth(); _, _ = io.Copy(client, server) })
	both.Go(func() { defer closeBoth(); _, _ = io.Copy(server, io.TeeReader(from, (*recorder)(p))) })
	both.Wait()
}

type recorder Proxy

func (r *recorder) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.saw.Write(b)
}

func (p *Proxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.open {
		_ = conn.Close()
	}
}

// socks serves one connection by RFC 1928 and RFC 1929.
func (p *Proxy) socks(client net.Conn) error {
	defer func() { _ = client.Close() }()
	if err := p.greet(client); err != nil {
		return err
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(client, head); err != nil {
		return err
	}
	size := map[byte]int{1: net.IPv4len, 4: net.IPv6len}[head[3]]
	if head[3] == 3 {
		length := make([]byte, 1)
		if _, err := io.ReadFull(client, length); err != nil {
			return err
		}
		size = int(length[0])
	}
	rest := make([]byte, size+2)
	if _, err := io.ReadFull(client, rest); err != nil {
		return err
	}
	host := string(rest[:size])
	if head[3] != 3 {
		host = net.IP(rest[:size]).String()
	}
	target := net.JoinHostPort(host, strconv.Itoa(int(binary.BigEndian.Uint16(rest[size:]))))
	p.note(target, "")
	server, err := dial(target)
	if err != nil {
		_, err = client.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
		return err
	}
	if _, err := client.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0}); err != nil {
		return err
	}
	p.pass(client, client, server)
	return nil
}

func (p *Proxy) greet(client net.Conn) error {
	head := make([]byte, 2)
	if _, err := io.ReadFull(client, head); err != nil {
		return err
	}
	methods := make([]byte, head[1])
	if _, err := io.ReadFull(client, methods); err != nil {
		return err
	}
	if p.user == "" {
		_, err := client.Write([]byte{5, 0})
		return err
	}
	if !bytes.Contains(methods, []byte{2}) {
		_, err := client.Write([]byte{5, 0xff})
		return errors.Join(errors.New("no password is offered"), err)
	}
	if _, err := client.Write([]byte{5, 2}); err != nil {
		return err
	}
	user, err := counted(client, 1)
	if err != nil {
		return err
	}
	password, err := counted(client, 0)
	if err != nil {
		return err
	}
	if user != p.user || password != p.password {
		_, err := client.Write([]byte{1, 1})
		return errors.Join(errors.New("the password is wrong"), err)
	}
	_, err = client.Write([]byte{1, 0})
	return err
}

// counted reads a text behind its length and skip bytes before that.
func counted(r io.Reader, skip int) (string, error) {
	head := make([]byte, skip+1)
	if _, err := io.ReadFull(r, head); err != nil {
		return "", err
	}
	text := make([]byte, head[skip])
	_, err := io.ReadFull(r, text)
	return string(text), err
}
