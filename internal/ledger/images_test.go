package ledger_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"testing"

	"github.com/towline-dev/towline/internal/ledger"
)

func TestImages(t *testing.T) {
	b := newBench(t)
	images := b.Images()
	if got, ok := images.Get("a"); ok {
		t.Errorf("an empty cache gives %q", got)
	}
	want := map[string]string{"a": "1", "b": "", "a\x00": "2", "big": string(bytes.Repeat([]byte("x"), 1<<20))}
	for key, value := range want {
		images.Put(key, []byte("another"))
		images.Put(key, []byte(value))
		images.Put(key, []byte(value))
	}
	for range 2 {
		for key, value := range want {
			if got, ok := b.Images().Get(key); !ok || string(got) != value {
				t.Errorf("%q is %.20q, %v; want %.20q", key, got, ok, value)
			}
		}
		b.reopen()
	}
	got, _ := b.Images().Get("a")
	got[0] = 'x'
	if again, _ := b.Images().Get("a"); string(again) != "1" {
		t.Errorf("a caller's change is in the cache: %q", again)
	}
}

// The cache keeps its bound, and the newest; putting the same again doesn't renew.
func TestImagesBound(t *testing.T) {
	b := newBench(t, func(o *ledger.Options) { o.ImageBytes = 100 * (1000 + 64 + 3) })
	value := func(i int) []byte { return bytes.Repeat(fmt.Appendf(nil, "%04d", i), 250) }
	key := func(i int) string { return fmt.Sprintf("%03d", i) }
	for i := range 150 {
		if i == 75 {
			b.reopen()
		}
		b.Images().Put(key(i), value(i))
		b.Images().Put(key(0), value(0))
	}
	kept := 0
	for i := 1; i < 150; i++ {
		got, ok := b.Images().Get(key(i))
		switch {
		case ok && !bytes.Equal(got, value(i)):
			t.Errorf("%d is another's", i)
		case ok:
			kept++
		case i > 52:
			t.Errorf("%d of 150 is gone", i)
		}
	}
	if kept < 98 || kept > 100 {
		t.Errorf("%d images are kept, want about 100", kept)
	}
	b.opts.ImageBytes = 10 * (1000 + 64 + 3)
	b.reopen()
	b.Images().Put("new", value(1))
	kept = 0
	for i := range 150 {
		if _, ok := b.Images().Get(key(i)); ok {
			kept++
		}
	}
	if kept != 9 {
		t.Errorf("%d images are kept of a smaller cache, want 9 and the new one", kept)
	}
}

// What can't be stored isn't, and is said.
func TestImagesRefuse(t *testing.T) {
	var log bytes.Buffer
	b := newBench(t, func(o *ledger.Options) {
		o.ImageBytes = 1000
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	b.Images().Put("fits", make([]byte, 900))
	for _, put := range []struct{ key, value string }{
		{"", "x"}, {string(bytes.Repeat([]byte("k"), 5000)), "x"}, {"large", string(make([]byte, 1000))},
	} {
		log.Reset()
		b.Images().Put(put.key, []byte(put.value))
		if _, ok := b.Images().Get(put.key); ok || log.Len() == 0 {
			t.Errorf("%.10q is stored: %v; the log says %q", put.key, ok, log.String())
		}
	}
	if _, ok := b.Images().Get("fits"); !ok {
		t.Error("what couldn't be stored took another's place")
	}
}
