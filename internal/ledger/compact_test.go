package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/ledger"
)

// fillAndForget leaves a ledger of which most is free, beside a little that is kept.
func fillAndForget(b *bench) {
	b.t.Helper()
	b.observe("1")
	b.sighting("1", digestA)
	b.Images().Put("image", []byte("kept"))
	many := make([]string, 200_000)
	for i := range many {
		many[i] = fmt.Sprintf("%x-%08d", uint32(i)*2654435761, i)
	}
	for _, tags := range [][]string{sorted(many), nil, nil} {
		if _, err := b.Observe("big", tags); err != nil {
			b.t.Fatal(err)
		}
		b.clock.move(30 * day)
	}
}

func TestCompaction(t *testing.T) {
	b := newBench(t)
	first := b.clock.now
	fillAndForget(b)
	before := size(t, b.path)
	if err := os.WriteFile(b.path+".compact", bytes.Repeat([]byte("left by a crash"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	after := size(t, b.path)
	if before < 4<<20 || after > 1<<18 {
		t.Errorf("the file of %d bytes is of %d", before, after)
	}
	if _, err := os.Stat(b.path + ".compact"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file beside it is still there (%v)", err)
	}
	if info, err := os.Stat(b.path); err != nil || info.Mode() != 0o600 {
		t.Errorf("its mode is %v (%v)", info.Mode(), err)
	}
	if _, fresh := b.Fresh(); fresh {
		t.Error("it says that it is new")
	}
	want := ledger.Sighting{Since: first, Bootstrapped: true}
	if diff := cmp.Diff(want, b.sighting("1", digestA)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, ok := b.Images().Get("image"); !ok || string(got) != "kept" {
		t.Errorf("the image is %q, %v", got, ok)
	}
	if got, err := b.Observe("big", []string{"1"}); err != nil || got.First || got.New != 1 {
		t.Errorf("the repository of which all tags are gone gives %+v, %v", got, err)
	}
}

// What can't be made smaller is used as it is.
func TestCompactionImpossible(t *testing.T) {
	b := newBench(t)
	fillAndForget(b)
	before := size(t, b.path)
	if err := os.MkdirAll(b.path+".compact/in-the-way", 0o700); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	if after := size(t, b.path); after != before {
		t.Errorf("the file of %d bytes is of %d", before, after)
	}
	if got := b.observe("1"); got.First {
		t.Error("what was recorded is lost")
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
