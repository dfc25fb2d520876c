package registry_test

import (
	"fmt"
	"testing"

	"github.com/towline-dev/towline/registry/registrytest"
)

// BenchmarkTags lists 10,000 tags in ten pages from a registry in this process.
// What is measured includes the server's work, about as much as the client's.
func BenchmarkTags(b *testing.B) {
	const n = 10_000
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("%d.%d.%d", i/1000, i/10%100, i%10)
	}
	server := registrytest.New(b, registrytest.Options{})
	if err := server.PushTags("app", all...); err != nil {
		b.Fatal(err)
	}
	client, _ := newClient(b, server.Host(), nil)
	b.ReportAllocs()
	for b.Loop() {
		got, err := client.Tags(b.Context(), server.Host()+"/app")
		if err != nil || len(got) != n {
			b.Fatalf("%d tags, %v", len(got), err)
		}
	}
}
