package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"strings"
)

// listen opens the API server's port: the one that the file holds, so that a
// restarted cluster is where it was, or a free one, which is then written there.
func listen(ctx context.Context, file string) (net.Listener, error) {
	port, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		port, err = []byte("0"), nil
	}
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strings.TrimSpace(string(port))))
	if err != nil {
		return nil, err
	}
	_, chosen, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return nil, err
	}
	return l, os.WriteFile(file, []byte(chosen+"\n"), 0o600)
}

// freeURL returns an address of this machine on which nobody listened a moment ago.
func freeURL(ctx context.Context) (url.URL, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return url.URL{}, fmt.Errorf("looking for a free port: %w", err)
	}
	return url.URL{Scheme: "http", Host: l.Addr().String()}, l.Close()
}
