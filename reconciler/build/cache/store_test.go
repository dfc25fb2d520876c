package cache_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"testing/fstest"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
	"github.com/towline-dev/towline/reconciler/build"
	"github.com/towline-dev/towline/reconciler/build/cache"
	"github.com/towline-dev/towline/reconciler/build/plain"
)

func TestErrorsOfTheFilesAreRemembered(t *testing.T) {
	h := newHistory(t)
	inner := &counted{Builder: plain.Builder{}}
	b := cache.New(cache.Config{}).Wrap("plain", inner, nil)
	first := h.commit(gitrepotest.Commit{Files: map[string]string{"a/x.yaml": "kind: ["}})
	_, want := b.Render(t.Context(), build.Request{Files: first, Dir: "a"})
	elsewhere := h.commit(gitrepotest.Commit{Files: map[string]string{"b/y.yaml": configMap("y")}})
	_, got := b.Render(t.Context(), build.Request{Files: elsewhere, Dir: "a"})
	if want == nil || fmt.Sprint(got) != fmt.Sprint(want) || inner.builds.Load() != 1 {
		t.Errorf("got %v after %v with %d builds, want the same of one", got, want, inner.builds.Load())
	}
	mended := h.commit(gitrepotest.Commit{Files: map[string]string{"a/x.yaml": configMap("x")}})
	if _, err := b.Render(t.Context(), build.Request{Files: mended, Dir: "a"}); err != nil {
		t.Errorf("after it was mended: %v", err)
	}
}

// flaky fails once, as a mirror does that is damaged and then mended.
type flaky struct {
	build.Builder
	failed bool
}

func (f *flaky) Build(ctx context.Context, request build.Request) ([]*unstructured.Unstructured, error) {
	if !f.failed {
		f.failed = true
		return nil, errors.New("input/output error")
	}
	return f.Builder.Build(ctx, request)
}

func TestPassingErrorsAreNot(t *testing.T) {
	files := newHistory(t).commit(gitrepotest.Commit{Files: map[string]string{"x.yaml": configMap("x")}})
	b := cache.New(cache.Config{}).Wrap("plain", &flaky{Builder: plain.Builder{}}, nil)
	if _, err := b.Render(t.Context(), build.Request{Files: files, Dir: "."}); err == nil {
		t.Fatal("no error of the first")
	}
	if _, err := b.Render(t.Context(), build.Request{Files: files, Dir: "."}); err != nil {
		t.Errorf("the second: %v", err)
	}
}

type keysOf string

func (keysOf) Decrypt(_ string, data []byte) ([]byte, error) { return data, nil }
func (k keysOf) Key() string                                 { return string(k) }

// TestOptionsArePartOfTheKey holds that no two builds with different options share a
// result, and that options which a builder doesn't look at make none.
func TestOptionsArePartOfTheKey(t *testing.T) {
	files := newHistory(t).commit(gitrepotest.Commit{Files: map[string]string{"a/x.yaml": configMap("x"), "b/x.yaml": configMap("x")}})
	relevant := func(o build.Options) build.Options { o.Release = ""; return o }
	inner := &counted{Builder: plain.Builder{}}
	c := cache.New(cache.Config{})
	b := c.Wrap("plain", inner, relevant)
	for i, tt := range []struct {
		name    string
		dir     string
		options build.Options
		want    int32 // builds so far
	}{
		{"first", "a", build.Options{}, 1},
		{"again", "a", build.Options{}, 1},
		{"what isn't relevant", "a", build.Options{Release: "x"}, 1},
		{"another folder", "b", build.Options{}, 2},
		{"variables, but none", "a", build.Options{Variables: map[string]string{}}, 3},
		{"variables", "a", build.Options{Variables: map[string]string{"A": "1"}}, 4},
		{"other variables", "a", build.Options{Variables: map[string]string{"A": "2"}}, 5},
		{"keys", "a", build.Options{Decryption: keysOf("1")}, 6},
		{"other keys", "a", build.Options{Decryption: keysOf("2")}, 7},
		{"the same keys", "a", build.Options{Decryption: keysOf("2")}, 7},
		{"namespace", "a", build.Options{Namespace: "n"}, 8},
		{"values", "a", build.Options{Helm: build.Helm{Values: []byte(`{"a":1}`)}}, 9},
	} {
		if _, err := b.Render(t.Context(), build.Request{Files: files, Dir: tt.dir, Options: tt.options}); err != nil {
			t.Fatal(err)
		}
		if got := inner.builds.Load(); got != tt.want {
			t.Errorf("%d, %s: %d builds, want %d", i, tt.name, got, tt.want)
		}
	}
	if _, err := c.Wrap("other", inner, nil).Render(t.Context(), build.Request{Files: files, Dir: "a"}); err != nil || inner.builds.Load() != 10 {
		t.Errorf("another builder shares a result: %v", err)
	}
}

func TestWithoutHashes(t *testing.T) {
	inner := &counted{Builder: plain.Builder{}}
	b := cache.New(cache.Config{}).Wrap("plain", inner, nil)
	for range 2 {
		objects, err := b.Build(t.Context(), build.Request{Files: fstest.MapFS{"x.yaml": {Data: []byte(configMap("x"))}}, Dir: "."})
		if err != nil || len(objects) != 1 {
			t.Errorf("got %v, %v", objects, err)
		}
	}
	if inner.builds.Load() != 2 {
		t.Errorf("%d builds, want 2", inner.builds.Load())
	}
}

// held lets builds wait for the test.
type held struct {
	build.Builder
	started, release chan struct{}
}

func (h held) Build(ctx context.Context, request build.Request) ([]*unstructured.Unstructured, error) {
	h.started <- struct{}{}
	select {
	case <-h.release:
		return h.Builder.Build(ctx, request)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestSideBySide holds that the same is built once for all who ask at the same time,
// and that one who gives up takes nobody along.
func TestSideBySide(t *testing.T) {
	files := newHistory(t).commit(gitrepotest.Commit{Files: map[string]string{"x.yaml": configMap("x")}})
	inner := held{plain.Builder{}, make(chan struct{}), make(chan struct{})}
	b := cache.New(cache.Config{}).Wrap("plain", inner, nil)
	first, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := b.Render(first, build.Request{Files: files, Dir: "."})
		gone <- err
	}()
	<-inner.started
	var group sync.WaitGroup
	sums := make([]string, 5)
	for i := range sums {
		group.Go(func() {
			rendered, err := b.Render(t.Context(), build.Request{Files: files, Dir: "."})
			if err != nil {
				t.Errorf("%d: %v", i, err)
				return
			}
			sums[i] = rendered.Sum()
		})
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v, want it to be cancelled", err)
	}
	<-inner.started
	close(inner.release) // nobody takes from started any more: a third build would hang
	group.Wait()
	for i, sum := range sums {
		if sum == "" || sum != sums[0] {
			t.Errorf("%d: sum %q, want %q", i, sum, sums[0])
		}
	}
}

func TestBound(t *testing.T) {
	files := map[string]string{}
	for i := range 200 {
		files[fmt.Sprintf("%d/x.yaml", i)] = configMap(fmt.Sprint("x", i))
	}
	tree := newHistory(t).commit(gitrepotest.Commit{Files: files})
	const limit = 20_000
	c := cache.New(cache.Config{Bytes: limit})
	inner := &counted{Builder: plain.Builder{}}
	b := c.Wrap("plain", inner, nil)
	for i := range 200 {
		mustRender(t, b, tree, fmt.Sprint(i))
		mustRender(t, b, tree, "0") // always used last
	}
	stats := c.Stats()
	if stats.Bytes > limit || stats.Entries >= 200 || stats.Entries < 5 {
		t.Errorf("%d entries of %d bytes, want some and at most %d bytes", stats.Entries, stats.Bytes, limit)
	}
	if got := inner.builds.Load(); got != 200 {
		t.Errorf("%d builds, want 200: what was used last stays", got)
	}
}

func mustRender(t testing.TB, b *cache.Builder, files fs.FS, dir string) *build.Rendered {
	t.Helper()
	rendered, err := b.Render(t.Context(), build.Request{Files: files, Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}
