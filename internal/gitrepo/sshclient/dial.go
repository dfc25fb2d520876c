package sshclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/towline-dev/towline/internal/gitrepo/proxy"
)

// Config is one host and how it is reached.
type Config struct {
	// Address is host:port.
	Address string
	// User signs in. It goes before Identity.User.
	User string
	// Identity is who we are, and by what we know the host.
	Identity Identity
	// Proxy is a proxy to go through. Default: none.
	Proxy proxy.Dialer
	// ConnectTimeout bounds connecting and signing in, and the start of a command.
	// Default: 30 seconds.
	ConnectTimeout time.Duration
	// KeepAlive is how often a host is asked for a sign of life while a command runs;
	// after three times as long without one the connection is given up.
	// Default: 30 seconds.
	KeepAlive time.Duration
}

// Conn is a connection to a host that has proved itself and let us in. It runs one
// command at a time.
type Conn struct {
	raw       net.Conn
	client    *ssh.Client
	connect   time.Duration
	keepAlive time.Duration
}

// Dial connects and signs in. The error is a *HostKeyError, an *AuthError, a
// *proxy.Error, one of the network or ctx's.
func Dial(ctx context.Context, c Config) (*Conn, error) {
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = 30 * time.Second
	}
	if c.KeepAlive <= 0 {
		c.KeepAlive = 30 * time.Second
	}
	user := c.User
	if user == "" {
		user = c.Identity.User
	}
	if user == "" {
		user = "git"
	}
	known, err := ParseKnownHosts(c.Identity.KnownHosts)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.ConnectTimeout)
	defer cancel()
	signers, done, err := c.Identity.signers(ctx)
	if err != nil {
		return nil, &AuthError{User: user, Problem: err}
	}
	defer done()
	raw, err := c.Proxy.Dial(ctx, c.Address)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", c.Address, err)
	}
	h := &handshake{address: c.Address, user: user, known: known, signers: signers}
	client, err := h.shake(ctx, raw)
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return &Conn{raw: raw, client: client, connect: c.ConnectTimeout, keepAlive: c.KeepAlive}, nil
}

// handshake is one under way. It notes how far it came, since the library tells its
// failures apart by text only.
type handshake struct {
	address string
	user    string
	known   *KnownHosts
	signers []ssh.Signer

	refused error // what known_hosts has against the host
	trusted bool  // the host's key is known
}

func (h *handshake) shake(ctx context.Context, raw net.Conn) (*ssh.Client, error) {
	algorithms := h.known.algorithms(h.address)
	if len(algorithms) == 0 {
		return nil, fmt.Errorf("known_hosts has keys for %s of types only that aren't secure any more", h.address)
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn, channels, requests, err := ssh.NewClientConn(raw, h.address, &ssh.ClientConfig{
		User:              h.user,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(h.signers...)},
		HostKeyCallback:   h.check,
		HostKeyAlgorithms: algorithms,
		ClientVersion:     "SSH-2.0-towline",
	})
	if !stop() && err == nil { // too late: the connection is closed already
		_ = conn.Close()
		return nil, h.explain(ctx, ctx.Err())
	}
	if err != nil {
		return nil, h.explain(ctx, err)
	}
	return ssh.NewClient(conn, channels, requests), nil
}

func (h *handshake) check(_ string, remote net.Addr, key ssh.PublicKey) error {
	h.refused = h.known.check(h.address, remote, key)
	h.trusted = h.refused == nil
	return h.refused
}

func (h *handshake) explain(ctx context.Context, err error) error {
	var network net.Error
	var algorithms *ssh.AlgorithmNegotiationError
	switch {
	case h.refused != nil:
		return h.refused
	case ctx.Err() != nil:
		return fmt.Errorf("shaking hands with %s: %w", h.address, context.Cause(ctx))
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%s hung up during the handshake: %w", h.address, io.ErrUnexpectedEOF)
	case errors.As(err, &network):
		return fmt.Errorf("shaking hands with %s: %w", h.address, err)
	case errors.As(err, &algorithms) && algorithms.What == "host key" && len(h.known.find(h.address)) > 0:
		return &HostKeyError{Address: h.address, Offered: algorithms.RequestedAlgorithms}
	case h.trusted:
		return &AuthError{User: h.user, Keys: describeAll(h.signers), Problem: err}
	}
	return fmt.Errorf("shaking hands with %s: %w", h.address, err)
}

// Close ends the connection and whatever runs on it.
func (c *Conn) Close() error {
	// The library writes to say goodbye, and a host that doesn't read would hold that up.
	err := c.raw.Close()
	_ = c.client.Close()
	return err
}
