// Package binary builds the programs that the testbed runs and keeps them in
// the user's cache folder, named by the content of what they are made of. A
// program is built once on a machine, however many test processes want it at
// the same time, and is built again exactly when its source has changed.
//
// It builds nested modules, which nobody but a test needs; what a program does
// is not its business.
package binary

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Source says what a program is built from.
type Source struct {
	// Name is the program's name in the cache and in messages.
	Name string
	// Module is the folder of the module in which go build runs. Its go.mod,
	// go.sum and Go files are the content that the cache goes by.
	Module string
	// Package is what to build, as an import path or relative to Module.
	Package string
	// Tags, LDFlags and Env are handed to go build: build tags, the linker's
	// flags, and environment variables ("CGO_ENABLED=0") on top of our own.
	Tags    []string
	LDFlags string
	Env     []string
}

// Cache is a folder of built programs. Several processes may share it.
type Cache struct {
	// Dir is the folder; it is made when it is first needed.
	Dir string
	// Progress is told, every few seconds, what is being built and for how
	// long. Nothing is said of a build that takes less than that. Nil means
	// that nobody is told.
	Progress io.Writer
	// Every is the time between two lines of progress. Zero means three seconds.
	Every time.Duration
}

// keep is how many versions of one program stay in the cache: the one in use
// and two more, for whoever goes back and forth between branches.
const keep = 3

// UserCache returns the cache in the user's cache folder, towline/bin.
func UserCache(progress io.Writer) (*Cache, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, fmt.Errorf("finding the cache folder: %w", err)
	}
	return &Cache{Dir: filepath.Join(dir, "towline", "bin"), Progress: progress}, nil
}

// Path returns the path of the program that is built from s, and builds it
// first when the cache doesn't hold it.
func (c *Cache) Path(ctx context.Context, s Source) (string, error) {
	key, err := s.key(ctx)
	if err != nil {
		return "", fmt.Errorf("looking for the source of %s: %w", s.Name, err)
	}
	return c.Get(ctx, s.Name, key, s.build)
}

// Get returns the path of the entry with that name and key (of 16 characters).
// When the cache doesn't hold it, build makes it at the path that it is given,
// as a file or a folder. Where another process is building it, Get waits for
// that one.
func (c *Cache) Get(ctx context.Context, name, key string, build func(ctx context.Context, path string) error) (string, error) {
	path := filepath.Join(c.Dir, name+"-"+key)
	if used(path) {
		return path, nil
	}
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return "", fmt.Errorf("making the cache of programs: %w", err)
	}
	stop := c.Report("building " + name + " (once; it is kept in " + c.Dir + ")")
	defer stop()
	unlock, err := lock(ctx, filepath.Join(c.Dir, name+".lock"))
	if err != nil {
		return "", fmt.Errorf("waiting for another build of %s: %w", name, err)
	}
	defer unlock()
	if used(path) {
		return path, nil // the other process has built it
	}
	// Built under another name, it is either absent or whole.
	part := path + ".part"
	if err := os.RemoveAll(part); err != nil {
		return "", fmt.Errorf("building %s: %w", name, err)
	}
	if err := build(ctx, part); err != nil {
		return "", fmt.Errorf("building %s: %w", name, err)
	}
	if err := os.Rename(part, path); err != nil {
		return "", fmt.Errorf("building %s: %w", name, err)
	}
	used(path) // a folder that was copied may carry an old time
	if err := c.prune(name); err != nil {
		return "", fmt.Errorf("removing old versions of %s: %w", name, err)
	}
	return path, nil
}

// used tells whether the program is there, and marks it as used just now.
func used(path string) bool {
	now := time.Now()
	return os.Chtimes(path, now, now) == nil
}

// build makes the program at path.
func (s Source) build(ctx context.Context, path string) error {
	args := []string{"build", "-o", path}
	if len(s.Tags) > 0 {
		args = append(args, "-tags", strings.Join(s.Tags, ","))
	}
	if s.LDFlags != "" {
		args = append(args, "-ldflags", s.LDFlags)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, s.Package)...)
	cmd.Dir = s.Module
	cmd.Env = append(os.Environ(), s.Env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("running go build in %s: %w\n%s", s.Module, err, bytes.TrimSpace(out))
	}
	return nil
}

// prune removes all but the last used versions of a program.
func (c *Cache) prune(name string) error {
	// The key is 16 hex digits, so that kube-* isn't also kube-something-*.
	paths, err := filepath.Glob(filepath.Join(c.Dir, name+"-????????????????"))
	if err != nil {
		return err
	}
	parts, err := filepath.Glob(filepath.Join(c.Dir, name+"-*.part"))
	if err != nil {
		return err
	}
	for _, p := range parts { // of builds that were killed: we hold the lock
		if err := os.RemoveAll(p); err != nil {
			return err
		}
	}
	age := make(map[string]time.Time, len(paths))
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return err
		}
		age[p] = info.ModTime()
	}
	slices.SortFunc(paths, func(a, b string) int { return age[b].Compare(age[a]) })
	for _, p := range paths[min(keep, len(paths)):] {
		if err := os.RemoveAll(p); err != nil {
			return err
		}
	}
	return nil
}

// Report says what is being done and for how long, until stop is called.
func (c *Cache) Report(what string) (stop func()) {
	if c.Progress == nil {
		return func() {}
	}
	every := c.Every
	if every == 0 {
		every = 3 * time.Second
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		start, ticker := time.Now(), time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				// Progress is for a person's eye: nothing hangs on it.
				_, _ = fmt.Fprintf(c.Progress, "testbed: %s: %s\n", what, time.Since(start).Round(time.Second))
			}
		}
	}()
	return func() { close(done); <-gone }
}
