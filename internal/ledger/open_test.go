package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/towline-dev/towline/internal/ledger"
)

func TestOpenNew(t *testing.T) {
	b := newBench(t)
	if reason, fresh := b.Fresh(); !fresh || reason == "" {
		t.Errorf("Fresh gives %q, %v of a new ledger", reason, fresh)
	}
	for name, want := range map[string]fs.FileMode{b.path: 0o600, filepath.Dir(b.path): 0o700 | fs.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s has mode %v, want %v (%v)", name, info.Mode(), want, err)
		}
	}
	b.reopen()
	if reason, fresh := b.Fresh(); fresh {
		t.Errorf("Fresh gives %q of a ledger that was there", reason)
	}
}

func TestOpenInUse(t *testing.T) {
	b := newBench(t)
	b.observe("1")
	opts := b.opts
	opts.LockTimeout = 50 * time.Millisecond
	if _, err := ledger.Open(b.path, opts); !errors.Is(err, ledger.ErrInUse) {
		t.Errorf("a second Open gives %v, want %v", err, ledger.ErrInUse)
	}
	if got := b.observe("1", "2"); got.First || got.New != 1 {
		t.Errorf("the first is disturbed: %+v", got)
	}
}

// One that waits gets the file that is there when the other has closed it, though it
// was replaced meanwhile.
func TestOpenWaits(t *testing.T) {
	b := newBench(t)
	fillAndForget(b)
	b.reopen() // makes it smaller, in another file
	opts := b.opts
	opts.LockTimeout = time.Minute
	opened := make(chan error)
	go func() {
		l, err := ledger.Open(b.path, opts)
		if err == nil {
			_, err = l.Observe("other", []string{"1"})
			err = errors.Join(err, l.Close())
		}
		opened <- err
	}()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	b.open()
	if got, err := b.Observe("other", []string{"1"}); err != nil || got.First {
		t.Errorf("what the one that waited wrote is lost: %+v, %v", got, err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, filepath.Join(file, "ledger.db")} {
		if l, err := ledger.Open(path, ledger.Options{}); err == nil {
			t.Errorf("%s opens", path)
			_ = l.Close()
		}
	}
	if got := mustRead(t, file); string(got) != "x" {
		t.Errorf("the file that stood in the way holds %q", got)
	}
}

func TestClosed(t *testing.T) {
	b := newBench(t)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Observe(repository, nil); err == nil {
		t.Error("a closed ledger observes")
	}
	if _, err := b.Sighting(repository, "1", digestA); err == nil {
		t.Error("a closed ledger sights")
	}
	b.Images().Put("k", nil)
	if _, ok := b.Images().Get("k"); ok {
		t.Error("a closed ledger keeps images")
	}
}

// A damaged file is moved aside as it is, the new ledger works, and says why it is new.
func TestOpenDamaged(t *testing.T) {
	whole := smallLedger(t)
	foreign := foreignDatabase(t)
	tests := []struct {
		name string
		file []byte
	}{
		{"text", []byte("not a database\n")},
		{"a byte", []byte{0}},
		{"zeros", make([]byte, 1<<16)},
		{"both first pages lost", overwrite(whole, 0, make([]byte, 8192))},
		{"another program's database", foreign},
		{"half of it", whole[:len(whole)/2/4096*4096]},
		{"not even its first pages", whole[:100]},
		{"one page", whole[:4096]},
		{"a page lost", overwrite(whole, leafAt(t, whole), make([]byte, 4096))},
		{"a page of noise", overwrite(whole, leafAt(t, whole), bytes.Repeat([]byte{0xA7}, 4096))},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			for n := range 2 {
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(b.path, test.file, 0o600); err != nil {
					t.Fatal(err)
				}
				b.open()
				reason, fresh := b.Fresh()
				if !fresh || !strings.Contains(reason, ".damaged-20260301T120000Z") {
					t.Errorf("Fresh gives %q, %v", reason, fresh)
				}
				if got := b.observe("1"); !got.First {
					t.Errorf("the new ledger isn't new: %+v", got)
				}
				aside, err := filepath.Glob(b.path + ".damaged-*")
				if err != nil || len(aside) != n+1 {
					t.Fatalf("aside lie %q (%v), want %d", aside, err, n+1)
				}
				if got := mustRead(t, aside[n]); !bytes.Equal(got, test.file) {
					t.Error("what lies aside isn't what was there")
				}
			}
			b.reopen()
			if _, fresh := b.Fresh(); fresh {
				t.Error("it is new again")
			}
		})
	}
}

// A first page that was half written is what a crash leaves: the other one is good.
func TestOpenTornMeta(t *testing.T) {
	whole := smallLedger(t)
	for page := range 2 {
		b := newBench(t)
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(b.path, overwrite(whole, page*4096+20, make([]byte, 40)), 0o600); err != nil {
			t.Fatal(err)
		}
		b.open()
		if reason, fresh := b.Fresh(); fresh {
			t.Errorf("page %d: begun anew: %s", page, reason)
		}
		if got := b.observe("1", "2"); got.First {
			t.Errorf("page %d: what was recorded is lost", page)
		}
	}
}

// A value that was damaged costs its repository the memory, and no other.
func TestDamagedRecords(t *testing.T) {
	for _, marker := range []string{"z-marker-of-a-chunk", "marker-of-a-stand"} {
		t.Run(marker, func(t *testing.T) {
			whole := smallLedger(t)
			if !bytes.Contains(whole, []byte(marker)) {
				t.Fatal("the ledger doesn't hold the marker")
			}
			b := newBench(t)
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			damaged := bytes.ReplaceAll(whole, []byte(marker), bytes.ToUpper([]byte(marker)))
			if err := os.WriteFile(b.path, damaged, 0o600); err != nil {
				t.Fatal(err)
			}
			b.open()
			if reason, fresh := b.Fresh(); fresh {
				t.Fatalf("begun anew: %s", reason)
			}
			b.clock.move(time.Hour)
			got, err := b.Sighting("many", "zz-marker-of-a-chunk", "other")
			if want := (ledger.Sighting{Since: b.clock.now, Bootstrapped: true}); err != nil || got != want {
				t.Errorf("the damaged repository gives %+v, %v; want %+v", got, err, want)
			}
			if got, err := b.Observe("many", []string{"1"}); err != nil || !got.First {
				t.Errorf("the damaged repository gives %+v, %v; want it new", got, err)
			}
			if got := b.observe("1", "2"); got.First {
				t.Error("another repository is new, too")
			}
		})
	}
}

// smallLedger gives the file of a ledger of some repositories.
func smallLedger(t *testing.T) []byte {
	t.Helper()
	b := newBench(t)
	b.observe("1")
	b.sighting("1", digestA)
	var many []string
	for i := range 1000 {
		many = append(many, fmt.Sprintf("tag-%04d-of-many", i))
	}
	many = append(many, "zy", "zz-marker-of-a-chunk")
	for i := range 50 {
		b.Images().Put(fmt.Sprint(i), bytes.Repeat([]byte{byte(i)}, 1000))
	}
	if _, err := b.Observe("many", many); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Sighting("many", "zz-marker-of-a-chunk", "marker-of-a-stand"); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	file := mustRead(t, b.path)
	b.open()
	return file
}

func foreignDatabase(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("theirs"))
		return err
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return mustRead(t, path)
}

// leafAt gives where the page of the images lies that is in use.
func leafAt(t *testing.T, file []byte) int {
	t.Helper()
	at := bytes.LastIndex(file, bytes.Repeat([]byte{49}, 1000))
	if at < 0 {
		t.Fatal("the ledger doesn't hold the image")
	}
	return at / 4096 * 4096
}

func overwrite(file []byte, at int, with []byte) []byte {
	file = bytes.Clone(file)
	copy(file[at:], with)
	return file
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
