package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/towline-dev/towline/registry"
	"github.com/towline-dev/towline/registry/registrytest"
)

// A round asks each repository once, however many policies name it.
func Example() {
	ctx := context.Background()
	server := registrytest.NewServer(registrytest.Options{})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := server.Start(listener); err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = server.Close() }()
	for _, tag := range []string{"1.0.0", "1.1.0"} {
		if _, err := server.Push("acme/app", tag, time.Unix(0, 0), nil); err != nil {
			fmt.Println(err)
			return
		}
	}

	client, err := registry.New(registry.Config{
		Hosts: map[string]registry.HostConfig{server.Host(): {PlainHTTP: true}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	round := client.Round()
	for range 3 {
		tags, err := round.Tags(ctx, server.Host()+"/acme/app")
		fmt.Println(tags, err)
	}
	fmt.Println(server.Requests()[registrytest.KindTags], "listing")

	_, err = round.Digest(ctx, server.Host()+"/acme/app", "9.9.9")
	fmt.Println(errors.Is(err, registry.ErrNotFound))
	// Output:
	// [1.0.0 1.1.0] <nil>
	// [1.0.0 1.1.0] <nil>
	// [1.0.0 1.1.0] <nil>
	// 1 listing
	// true
}
