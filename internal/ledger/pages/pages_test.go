package pages_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/towline-dev/towline/internal/ledger/pages"
)

// database gives the file of a database with large and small buckets, long values, and
// pages that are free.
func database(t testing.TB, options bbolt.Options) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db")
	db, err := bbolt.Open(path, 0o600, &options)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		err = errors.Join(err, db.Update(func(tx *bbolt.Tx) error {
			top, err := tx.CreateBucketIfNotExists([]byte("top"))
			for i := 0; err == nil && i < 300; i++ {
				err = top.Put(fmt.Appendf(nil, "key-%d", i), bytes.Repeat([]byte{byte(i)}, i*(round+1)))
			}
			for i := 0; err == nil && i < 5; i++ {
				var inner *bbolt.Bucket
				if inner, err = top.CreateBucketIfNotExists(fmt.Appendf(nil, "inner-%d", i)); err == nil {
					err = inner.Put([]byte("key"), make([]byte, i*400))
				}
			}
			if err == nil && round == 2 {
				err = top.Put([]byte("long"), make([]byte, 30_000))
			}
			return err
		}))
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func check(data []byte) (pages.Report, error) {
	return pages.Check(bytes.NewReader(data), int64(len(data)))
}

func TestCheckSound(t *testing.T) {
	for _, size := range []int{1 << 10, 1 << 12, 1 << 14, 1 << 16} {
		for _, lists := range []bool{true, false} {
			t.Run(fmt.Sprintf("pages=%d/freelist=%v", size, lists), func(t *testing.T) {
				data := database(t, bbolt.Options{PageSize: size, NoFreelistSync: !lists})
				got, err := check(data)
				if err != nil {
					t.Fatal(err)
				}
				if got.PageSize != size || got.Pages < 10 || got.Pages*int64(size) > int64(len(data)) || (got.Free > 0) != lists {
					t.Errorf("got %+v of %d bytes", got, len(data))
				}
				// The other meta page is as good, and an older state.
				copy(data, make([]byte, 80))
				if got, err := check(data); err != nil || got.PageSize != size {
					t.Errorf("without its first page: %+v, %v", got, err)
				}
			})
		}
	}
}

// An error of reading is no damage: the file must not be given up for it.
func TestCheckReadError(t *testing.T) {
	data := database(t, bbolt.Options{})
	broken := errors.New("the disk doesn't answer")
	if _, err := pages.Check(failing{bytes.NewReader(data), 3 * 4096, broken}, int64(len(data))); !errors.Is(err, broken) || errors.Is(err, pages.ErrDamaged) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

type failing struct {
	io.ReaderAt

	from int64
	err  error
}

func (f failing) ReadAt(b []byte, at int64) (int, error) {
	if at >= f.from {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(b, at)
}

// Whatever a file holds, Check ends without a panic, and what it calls sound is read by
// bbolt to the end.
func FuzzCheck(f *testing.F) {
	data := database(f, bbolt.Options{PageSize: 1 << 10})
	f.Add(uint32(0), []byte{}, uint32(0))
	f.Add(uint32(0), []byte{}, uint32(len(data)/2)) //nolint:gosec // G115: small
	for page := 0; page < len(data)/1024; page += 1 + page/8 {
		for _, at := range []int{0, 8, 10, 12, 16, 20, 24, 28, 36, 56} {
			f.Add(uint32(page*1024+at), []byte{0xFF, 0x7F}, uint32(0)) //nolint:gosec // G115: small
			f.Add(uint32(page*1024+at), []byte{7}, uint32(0))          //nolint:gosec // G115: small
		}
	}
	path := filepath.Join(f.TempDir(), "db")
	f.Fuzz(func(t *testing.T, at uint32, with []byte, cut uint32) {
		file := bytes.Clone(data)
		copy(file[int(at)%len(file):], with)
		file = file[:len(file)-int(cut)%len(file)]
		if _, err := check(file); err != nil {
			if !errors.Is(err, pages.ErrDamaged) {
				t.Errorf("got %v, want %v", err, pages.ErrDamaged)
			}
			return
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readAll(path); err != nil {
			t.Errorf("it is called sound, and %v", err)
		}
	})
}

func readAll(path string) error {
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	// Not by bbolt's own check: that one also wants the header of a meta page that is
	// torn, and not used, to be whole.
	err = db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return walk(b) })
	})
	return errors.Join(err, db.Close())
}

func walk(b *bbolt.Bucket) error {
	return b.ForEach(func(key, value []byte) error {
		if inner := b.Bucket(key); value == nil && inner != nil {
			return walk(inner)
		}
		_ = bytes.Count(value, []byte{0}) // touches all of it
		return nil
	})
}
