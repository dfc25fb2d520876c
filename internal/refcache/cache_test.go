package refcache_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/refcache"
)

// open gives a cache in a file of its own, and what it logs.
func open(t *testing.T) (cache *refcache.Cache, file string, log *bytes.Buffer) {
	t.Helper()
	file, log = filepath.Join(t.TempDir(), "mirror", "references"), &bytes.Buffer{}
	return refcache.New(file, slog.New(slog.NewTextHandler(log, nil))), file, log
}

func key(n int) refcache.Key { return refcache.KeyOf("1", fmt.Sprint(n)) }

func value(n int) []byte { return fmt.Appendf(nil, "value %d", n) }

// records are the numbers from up to to.
func records(from, to int) *refcache.Records {
	var r refcache.Records
	for n := from; n < to; n++ {
		r.Put(key(n), value(n))
	}
	return &r
}

// known gives the numbers below limit that a cache knows.
func known(t *testing.T, c *refcache.Cache, limit int) []int {
	t.Helper()
	var numbers []int
	entries := c.Load()
	for n := range limit {
		got, ok := entries.Get(key(n))
		if ok && !bytes.Equal(got, value(n)) {
			t.Errorf("%d is %q", n, got)
		}
		if ok {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func TestAddAndLoad(t *testing.T) {
	c, file, log := open(t)
	if got := known(t, c, 10); got != nil {
		t.Errorf("a new cache knows %v", got)
	}
	c.Add(records(0, 2))
	refcache.New(file, nil).Add(records(4, 6)) // as another process would
	c.Add(records(0, 0))
	if diff := cmp.Diff([]int{0, 1, 4, 5}, known(t, c, 10)); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

func TestKeyOfTellsPartsApart(t *testing.T) {
	if refcache.KeyOf("a", "b") == refcache.KeyOf("ab", "") || refcache.KeyOf("a", "b") == refcache.KeyOf("", "ab") {
		t.Error("two keys of other parts are one")
	}
}

// Whatever is done to a file, what is given is what was written, the rest is told at
// level warn, and the cache works afterwards.
func TestDamage(t *testing.T) {
	c, file, _ := open(t)
	c.Add(records(0, 3))
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	size, header := len(whole), bytes.IndexByte(whole, '\n')+1
	damages := map[string]func([]byte) []byte{
		"another format": func(b []byte) []byte { b[0] ^= 1; return b },
		"longer":         func(b []byte) []byte { return append(b, 0) },
		"large":          func(b []byte) []byte { return append(b, bytes.Repeat([]byte{0xff}, 100)...) },
	}
	for at := 1; at < size; at++ {
		damages[fmt.Sprintf("cut to %d", at)] = func(b []byte) []byte { return b[:at] }
		damages[fmt.Sprintf("flipped at %d", at)] = func(b []byte) []byte { b[at] ^= 0x20; return b }
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			c, file, log := open(t)
			c.Add(records(0, 1))
			if err := os.WriteFile(file, damage(bytes.Clone(whole)), 0o600); err != nil {
				t.Fatal(err)
			}
			got := known(t, c, 10)
			between := strings.HasPrefix(name, "cut") && (len(damage(bytes.Clone(whole)))-header)%(size-header) == len(got)*(size-header)/3
			if !between && !strings.Contains(log.String(), "level=WARN") {
				t.Errorf("knows %v, and logs %q", got, log)
			}
			c.Add(records(5, 7))
			if got := known(t, c, 10); !slices.Contains(got, 5) || !slices.Contains(got, 6) {
				t.Errorf("knows %v afterwards", got)
			}
		})
	}
}

// Two processes that find no file each begin one.
func TestBegunTwice(t *testing.T) {
	c, file, log := open(t)
	c.Add(records(0, 3))
	first, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, append(first, first...), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Add(records(3, 6))
	if diff := cmp.Diff([]int{0, 1, 2, 3, 4, 5}, known(t, c, 10)); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

func TestWithoutRoom(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no full disk here")
	}
	c, file, log := open(t)
	c.Add(records(0, 1))
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/full", file); err != nil {
		t.Fatal(err)
	}
	c.Add(records(1, 2))
	if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "no space left") {
		t.Errorf("logged %q", log)
	}
	c.Add(records(2, 3))
	if diff := cmp.Diff([]int{2}, known(t, c, 10)); diff != "" {
		t.Errorf("known when there is room again (-want +got):\n%s", diff)
	}
}

func TestFolderThatCantBeWritten(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c := refcache.New(filepath.Join(dir, "file", "references"), slog.New(slog.NewTextHandler(&log, nil)))
	c.Add(records(0, 1))
	if got := known(t, c, 10); got != nil {
		t.Errorf("knows %v", got)
	}
	if !strings.Contains(log.String(), "level=WARN") {
		t.Errorf("logged %q", &log)
	}
}

func TestTrim(t *testing.T) {
	c, file, log := open(t)
	for n := range 10 { // each twice
		c.Add(records(n*10, n*10+10))
		c.Add(records(n*10, n*10+10))
	}
	c.Trim(func(k refcache.Key) bool {
		for n := range 20 {
			if k == key(n) {
				return true
			}
		}
		return false
	})
	want := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99}
	if diff := cmp.Diff(want, known(t, c, 100)); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
	if n := c.Load().Len(); n != len(want) {
		t.Errorf("%d records for %d keys", n, len(want))
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log)
	}
}

// A process that is killed while it trims leaves a file that the others mustn't stumble
// over for ever.
func TestTrimAfterAKill(t *testing.T) {
	c, file, _ := open(t)
	c.Add(records(0, 10))
	if err := os.WriteFile(file+".new", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	none := func(refcache.Key) bool { return false }
	c.Trim(none)
	if got := known(t, c, 10); len(got) != 10 {
		t.Errorf("knows %v", got)
	}
	c.Trim(none)
	if got := known(t, c, 10); len(got) != 0 {
		t.Errorf("knows %v after the second time", got)
	}
}

func TestValueThatIsTooLarge(t *testing.T) {
	c, _, _ := open(t)
	var r refcache.Records
	r.Put(key(1), make([]byte, 2<<20))
	r.Put(key(2), value(2))
	c.Add(&r)
	if diff := cmp.Diff([]int{2}, known(t, c, 10)); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
}
