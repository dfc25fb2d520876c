package testbed

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
)

// forwarder hands connections on to another address.
type forwarder struct {
	listener net.Listener
	to       string
	wg       sync.WaitGroup
	cancel   context.CancelFunc
}

// forward listens on an address and hands each connection on to the host of a URL.
func forward(ctx context.Context, address, target string) (*forwarder, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, fmt.Errorf("forwarding to %q: %w", target, err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("forwarding from %s: %w", address, err)
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	f := &forwarder{listener: listener, to: to.Host, cancel: cancel}
	f.wg.Go(func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return // it was closed
			}
			f.wg.Go(func() { f.hand(running, connection) })
		}
	})
	return f, nil
}

// hand copies both ways until either side ends.
func (f *forwarder) hand(ctx context.Context, from net.Conn) {
	defer func() { _ = from.Close() }() // nobody to tell
	to, err := new(net.Dialer).DialContext(ctx, "tcp", f.to)
	if err != nil {
		return // the caller sees its connection end
	}
	defer func() { _ = to.Close() }() // as above
	ended := make(chan struct{}, 2)
	for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
		f.wg.Go(func() {
			_, _ = io.Copy(pair[0], pair[1]) // either side's end
			ended <- struct{}{}
		})
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// stop ends all connections.
func (f *forwarder) stop() error {
	err := f.listener.Close()
	f.cancel()
	f.wg.Wait()
	return err
}

// Forward has what listens at a URL of this machine answer Pods too, at the URL that is returned, until the test ends.
func (n *Node) Forward(tb TB, target string) string {
	tb.Helper()
	f, err := forward(tb.Context(), NodeAddress+":0", target)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(func() {
		if err := f.stop(); err != nil {
			tb.Logf("ending a forwarder: %v", err)
		}
	})
	seen, err := url.Parse(target)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	seen.Host = f.listener.Addr().String()
	return seen.String()
}
