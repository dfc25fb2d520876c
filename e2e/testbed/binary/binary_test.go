package binary_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/e2e/testbed/binary"
)

func TestPathBuildsOnceForTheSameContent(t *testing.T) {
	module := writeModule(t, "one")
	cache := &binary.Cache{Dir: filepath.Join(t.TempDir(), "bin")}
	source := binary.Source{Name: "hello", Module: module, Package: "."}

	first := path(t, cache, source)
	if got := run(t, first); got != "one\n" {
		t.Errorf("the program says %q", got)
	}
	built := modTimes(t, cache.Dir)
	if again := path(t, cache, source); again != first {
		t.Errorf("the same content is at %s and at %s", first, again)
	}
	if diff := cmp.Diff(keys(built), keys(modTimes(t, cache.Dir))); diff != "" {
		t.Errorf("the cache has changed (-want +got):\n%s", diff)
	}
}

func TestPathGoesByContent(t *testing.T) {
	module := writeModule(t, "one")
	base := binary.Source{Name: "hello", Module: module, Package: "."}
	tests := []struct {
		name   string
		change func(t *testing.T, s *binary.Source)
		same   bool
	}{
		{"nothing", func(*testing.T, *binary.Source) {}, true},
		{"a test", func(t *testing.T, _ *binary.Source) { write(t, module, "main_test.go", "package main\n") }, true},
		{"a nested module", func(t *testing.T, _ *binary.Source) {
			write(t, module, "nested/go.mod", "module nested\n")
			write(t, module, "nested/nested.go", "package nested\n")
		}, true},
		{"the linker's flags", func(_ *testing.T, s *binary.Source) { s.LDFlags = "-s" }, false},
		{"the environment", func(_ *testing.T, s *binary.Source) { s.Env = []string{"CGO_ENABLED=0"} }, false},
		{"a file more", func(t *testing.T, _ *binary.Source) { write(t, module, "more.go", "package main\n") }, false},
		{"a checksum", func(t *testing.T, _ *binary.Source) { write(t, module, "go.sum", "") }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cache := &binary.Cache{Dir: t.TempDir()}
			before := path(t, cache, base)
			source := base
			tt.change(t, &source)
			if same := path(t, cache, source) == before; same != tt.same {
				t.Errorf("the program is the same: %t, want %t", same, tt.same)
			}
		})
	}
}

func TestPathTellsWhatTheCompilerSaid(t *testing.T) {
	module := writeModule(t, "one")
	write(t, module, "broken.go", "package main\n\nvar x int = nothing\n")
	cache := &binary.Cache{Dir: t.TempDir()}
	_, err := cache.Path(t.Context(), binary.Source{Name: "hello", Module: module, Package: "."})
	if err == nil || !strings.Contains(err.Error(), "broken.go:3:13: undefined: nothing") {
		t.Errorf("got %v, want the compiler's words", err)
	}
}

func TestGetBuildsOnceForAll(t *testing.T) {
	cache := &binary.Cache{Dir: t.TempDir()}
	var builds atomic.Int32
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			_, err := cache.Get(t.Context(), "thing", strings.Repeat("0", 16), func(_ context.Context, path string) error {
				builds.Add(1)
				return os.WriteFile(path, []byte("thing"), 0o600)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := builds.Load(); got != 1 {
		t.Errorf("it was built %d times", got)
	}
}

func TestGetLeavesNothingOfAFailedBuild(t *testing.T) {
	cache := &binary.Cache{Dir: t.TempDir()}
	failure := errors.New("out of paper")
	key := strings.Repeat("0", 16)
	_, err := cache.Get(t.Context(), "thing", key, func(_ context.Context, path string) error {
		return errors.Join(os.WriteFile(path, []byte("half"), 0o600), failure)
	})
	if !errors.Is(err, failure) {
		t.Fatalf("got %v, want %v", err, failure)
	}
	got, err := cache.Get(t.Context(), "thing", key, func(_ context.Context, path string) error {
		return os.Mkdir(path, 0o700) // a folder this time: nothing may be in the way
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(got); err != nil || !info.IsDir() {
		t.Errorf("the entry is %v, %v", info, err)
	}
}

func TestGetGivesUpWithItsContext(t *testing.T) {
	cache := &binary.Cache{Dir: t.TempDir()}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := cache.Get(t.Context(), "thing", strings.Repeat("0", 16), func(_ context.Context, path string) error {
		// While this build holds the lock, another one is called off.
		cancel()
		_, err := cache.Get(ctx, "thing", strings.Repeat("1", 16), nil)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the waiting one got %v, want that it was called off", err)
		}
		return os.WriteFile(path, nil, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGetPrunesTheOldest(t *testing.T) {
	cache := &binary.Cache{Dir: t.TempDir()}
	build := func(_ context.Context, path string) error { return os.WriteFile(path, nil, 0o600) }
	for i, key := range []string{"a", "b", "c", "d", "e"} {
		entry, err := cache.Get(t.Context(), "thing", strings.Repeat(key, 16), build)
		if err != nil {
			t.Fatal(err)
		}
		day := time.Date(2026, 1, i+1, 0, 0, 0, 0, time.UTC)
		if key == "a" {
			day = time.Now().Add(time.Hour) // the oldest one, used last of all
		}
		if err := os.Chtimes(entry, day, day); err != nil {
			t.Fatal(err)
		}
	}
	var kept []string
	for name := range modTimes(t, cache.Dir) {
		if rest, ok := strings.CutPrefix(name, "thing-"); ok {
			kept = append(kept, rest[:1])
		}
	}
	if diff := cmp.Diff([]string{"a", "d", "e"}, sorted(kept)); diff != "" {
		t.Errorf("what is kept (-want +got):\n%s", diff)
	}
}

func TestReportTellsForHowLong(t *testing.T) {
	var out safeBuffer
	cache := &binary.Cache{Dir: t.TempDir(), Progress: &out, Every: time.Millisecond}
	_, err := cache.Get(t.Context(), "thing", strings.Repeat("0", 16), func(_ context.Context, path string) error {
		out.await("building thing")
		return os.WriteFile(path, nil, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// safeBuffer takes lines from one goroutine and shows them to another.
type safeBuffer struct {
	mu    sync.Mutex
	text  bytes.Buffer
	waits []chan struct{}
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.waits {
		close(w)
	}
	b.waits = nil
	return b.text.Write(p)
}

// await returns when something has been written that holds want.
func (b *safeBuffer) await(want string) {
	for {
		b.mu.Lock()
		if strings.Contains(b.text.String(), want) {
			b.mu.Unlock()
			return
		}
		more := make(chan struct{})
		b.waits = append(b.waits, more)
		b.mu.Unlock()
		<-more
	}
}

func writeModule(t *testing.T, says string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module example.test/hello\n\ngo 1.26.0\n")
	write(t, dir, "main.go", "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\""+says+"\\n\") }\n")
	return dir
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	file := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func path(t *testing.T, cache *binary.Cache, source binary.Source) string {
	t.Helper()
	path, err := cache.Path(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func run(t *testing.T, program string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
