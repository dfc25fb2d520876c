package registry

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
)

// network sends the requests of one registry: to the registry itself, and to the
// hosts that the registry names. The latter are none of our choosing, so that
// they are shown no client certificate and mustn't be a way into the network.
type network struct {
	registry name.Registry
	own      http.RoundTripper
	direct   http.RoundTripper // to other hosts; looks at the address before it connects
	proxied  http.RoundTripper // to other hosts, through a proxy, which then does the looking
	viaProxy func(*http.Request) bool

	inside atomic.Bool // the registry is at an internal address, so others may be
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func newNetwork(c Config, h HostConfig, reg name.Registry) *network {
	n := &network{registry: reg}
	n.inside.Store(isInternalName(reg.RegistryStr()))
	if !c.canAdapt() {
		n.own, n.direct, n.proxied = c.Transport, c.Transport, c.Transport
		n.viaProxy = func(*http.Request) bool { return false }
		return n
	}
	model, ours := newTransport(), true
	if given, ok := c.Transport.(*http.Transport); ok {
		model, ours = given.Clone(), given.DialContext == nil
	}
	adapt(model, h)
	n.setTransports(model, ours)
	return n
}

// canAdapt tells whether hosts can have copies of the transport with settings of their own.
func (c Config) canAdapt() bool {
	_, plain := c.Transport.(*http.Transport)
	return plain || c.Transport == nil
}

func adapt(t *http.Transport, h HostConfig) {
	if h.TLS != nil {
		t.TLSClientConfig = h.TLS.Clone()
	}
	if h.Proxy != nil {
		t.Proxy = h.Proxy
	}
	t.MaxIdleConnsPerHost = max(t.MaxIdleConnsPerHost, 2*h.MaxConns)
	t.MaxIdleConns = max(t.MaxIdleConns, 2*t.MaxIdleConnsPerHost)
}

func (n *network) setTransports(model *http.Transport, ourDialer bool) {
	dial := model.DialContext
	if ourDialer {
		dial = newDialer().DialContext
	}
	own := model.Clone()
	own.DialContext = n.noting(dial)
	n.own = own

	others := model.Clone()
	others.DialTLSContext = nil
	if tls := others.TLSClientConfig; tls != nil {
		tls.Certificates, tls.GetClientCertificate, tls.ServerName, tls.InsecureSkipVerify = nil, nil, "", false
	}
	others.DialContext = dial
	n.proxied = others
	n.viaProxy = func(req *http.Request) bool {
		if model.Proxy == nil {
			return false
		}
		proxy, err := model.Proxy(req)
		return err != nil || proxy != nil // with an error the transport gives it again, in its own words
	}

	direct := others.Clone()
	direct.Proxy = nil
	direct.DialContext = n.checking(dial)
	if ourDialer {
		dialer := newDialer()
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return n.checkAddress(address) }
		direct.DialContext = dialer.DialContext
	}
	n.direct = direct
}

// RoundTrip implements http.RoundTripper.
func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	host := req.URL.Host
	switch {
	case sameHost(host, n.registry.RegistryStr(), req.URL.Scheme):
		return n.own.RoundTrip(req)
	case isInternalName(host) && !n.inside.Load():
		return nil, n.refusal(host)
	case n.viaProxy(req):
		return n.proxied.RoundTrip(req)
	}
	return n.direct.RoundTrip(req)
}

// noting remembers what kind of address the registry was last reached at. A
// proxy's address says nothing about it.
func (n *network) noting(dial dialFunc) dialFunc {
	registry := n.registry.RegistryStr()
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil && (sameHost(address, registry, "https") || sameHost(address, registry, "http")) {
			n.inside.Store(isInternalName(conn.RemoteAddr().String()))
		}
		return conn, err
	}
}

// checking is for dialers that aren't ours: they connect, but nothing is sent.
func (n *network) checking(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if err := n.checkAddress(conn.RemoteAddr().String()); err != nil {
			_ = conn.Close() // it isn't wanted
			return nil, err
		}
		return conn, nil
	}
}

func (n *network) checkAddress(address string) error {
	if n.inside.Load() || !isInternalName(address) {
		return nil
	}
	return n.refusal(address)
}

func (n *network) refusal(host string) error {
	return fmt.Errorf("%w: %s leads to an internal address: %q", ErrBadAnswer, n.registry.RegistryStr(), host)
}

// isInternalName tells whether the host, with or without port, is plainly a
// place that only the inside of a network can reach.
func isInternalName(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if local := strings.ToLower(strings.TrimSuffix(host, ".")); local == "localhost" || strings.HasSuffix(local, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(trimBrackets(host))
	return err == nil && isInternal(ip)
}

func trimBrackets(host string) string {
	if len(host) > 1 && host[0] == '[' && host[len(host)-1] == ']' {
		return host[1 : len(host)-1]
	}
	return host
}

// isInternal covers the shared address space (RFC 6598) and that of protocols (RFC
// 6890, section 2.2.2) too: clouds keep their metadata services there.
func isInternal(ip netip.Addr) bool {
	ip = embedded(ip.Unmap().WithZone(""))
	for _, prefix := range [...]netip.Prefix{
		netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 0, 0}), 24),
		netip.PrefixFrom(netip.AddrFrom4([4]byte{}), 8), // this network
	} {
		if prefix.Contains(ip) {
			return true
		}
	}
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.IsUnspecified() || ip.IsMulticast()
}

// embedded gives the IPv4 address that an IPv6 one leads to by a translator: NAT64 has
// the prefixes 64:ff9b::/96 (RFC 6052) and 64:ff9b:1::/48 (RFC 8215; of what can be
// chosen in it the usual /96). In a network of IPv6 alone all of IPv4 is reached so.
func embedded(ip netip.Addr) netip.Addr {
	if !ip.Is6() {
		return ip
	}
	b := ip.As16()
	known := netip.PrefixFrom(netip.AddrFrom16([16]byte{1: 0x64, 2: 0xff, 3: 0x9b}), 96)
	local := netip.PrefixFrom(netip.AddrFrom16([16]byte{1: 0x64, 2: 0xff, 3: 0x9b, 5: 1}), 48)
	if known.Contains(ip) || local.Contains(ip) {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip
}

// newTransport is http.DefaultTransport's manner with room for many requests to
// few hosts. Headers are bounded here, since nobody above sees them arrive.
func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           200,
		MaxIdleConnsPerHost:    2 * defaultMaxConns,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
	}
}

func newDialer() *net.Dialer {
	return &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
}
