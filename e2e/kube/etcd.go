package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"syscall"

	"go.etcd.io/etcd/server/v3/embed"
)

// etcdServer is a running etcd of one member.
type etcdServer struct {
	endpoint string // of clients
	stop     func()
}

// startEtcd starts etcd with its data in dir. Its port is taken by trying:
// between finding a free one and listening on it another process may be faster.
func startEtcd(ctx context.Context, dir string) (*etcdServer, error) {
	const attempts = 5
	var err error
	for range attempts {
		var server *etcdServer
		server, err = tryEtcd(ctx, dir)
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return server, err
		}
	}
	return nil, err
}

func tryEtcd(ctx context.Context, dir string) (*etcdServer, error) {
	client, err := freeURL(ctx)
	if err != nil {
		return nil, err
	}
	config := embed.NewConfig()
	config.Dir = dir
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	// A single member listens for no peers; the address only has to look like one.
	config.ListenPeerUrls = nil
	config.AdvertisePeerUrls = []url.URL{{Scheme: "http", Host: "127.0.0.1:2380"}}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.UnsafeNoFsync = true
	config.LogLevel = "error"
	config.LogOutputs = []string{"stderr"}
	// A member without peers needn't wait for a vote as long as one with some.
	config.TickMs, config.ElectionMs = 10, 100

	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return &etcdServer{endpoint: client.String(), stop: etcd.Close}, nil
	case err := <-etcd.Err():
		etcd.Close()
		return nil, fmt.Errorf("waiting for etcd: %w", err)
	case <-ctx.Done():
		etcd.Close()
		return nil, ctx.Err()
	}
}
