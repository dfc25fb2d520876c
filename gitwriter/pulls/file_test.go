package pulls_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/gitwriter/forge"
)

// kept is a bench whose book is in a file: an open pull request that is held and
// decorated, and a closed one.
func kept(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, filepath.Join(t.TempDir(), "state", "pulls"))
	b.may["alice"] = forge.PermissionWrite
	b.open("towline/web")
	b.open("towline/db")
	b.pass(time.Hour)
	b.comment(1, "alice", "/towline hold")
	b.change(2, closed)
	b.refresh()
	b.pass(time.Minute)
	b.orders(1)
	b.orders(2)
	b.book.SetDecorated(1)
	b.book.SetPartly(2)
	b.book.Save()
	b.requests()
	return b
}

// know gives all that a book knows.
func (b *bench) know() string {
	var out strings.Builder
	for _, pr := range b.book.All() {
		fmt.Fprintf(&out, "%+v decorated %t partly %t orders %+v\n", pr, b.book.Decorated(pr.Number), b.book.Partly(pr.Number), b.orders(pr.Number))
	}
	return out.String()
}

// TestReopened holds that a book which was kept needs one request to be up to date.
func TestReopened(t *testing.T) {
	b := kept(t)
	want := b.know()
	b.reopen()
	if diff := cmp.Diff(want, b.know()); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
	b.wants("nothing new", b.refresh(), "")
	b.change(1, closed)
	b.reopen()
	b.wants("what happened meanwhile", b.refresh(), "1 closed")
	b.wants("requests", b.requests(), "list, list")
	if b.log.Len() > 0 {
		t.Errorf("logged %s", b.log)
	}
	info, err := os.Stat(b.cfg.File)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got != 0o600 {
		t.Errorf("the file's mode is %v", got)
	}
}

// TestLost holds that a lost file, one that is as old as may be, and one that is damaged
// at any place cost requests and nothing else.
func TestLost(t *testing.T) {
	whole, err := os.ReadFile(kept(t).cfg.File)
	if err != nil {
		t.Fatal(err)
	}
	damages := map[string][]byte{
		"empty": {}, "not JSON": []byte("x"), "null": []byte("null"), "another": []byte("{}"),
		"newer": bytes.Replace(whole, []byte(`"towlinePulls":1`), []byte(`"towlinePulls":2`), 1),
		"twice": append(bytes.Clone(whole), whole...),
		"large": append(bytes.Clone(whole), bytes.Repeat([]byte(" "), 128<<20)...),
	}
	for at := 0; at < len(whole); at += 31 {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1
		damages[fmt.Sprintf("cut to %d", at)], damages[fmt.Sprintf("flipped at %d", at)] = whole[:at], flipped
	}
	for name, data := range damages {
		t.Run(name, func(t *testing.T) {
			b := kept(t)
			want := b.know()
			if err := os.WriteFile(b.cfg.File, data, 0o600); err != nil {
				t.Fatal(err)
			}
			b.reopen()
			b.wants("known from the file", numbers(b.book.All()), "")
			b.refresh()
			b.book.SetDecorated(1)
			b.book.SetPartly(2)
			if diff := cmp.Diff(want, b.know()); diff != "" {
				t.Errorf("known (-want +got):\n%s", diff)
			}
			if !strings.Contains(b.log.String(), "level=WARN") {
				t.Errorf("logged %q", b.log)
			}
			b.log.Reset()
			b.reopen()
			if b.book.All() == nil || b.log.Len() > 0 {
				t.Errorf("the file isn't mended: %s", b.log)
			}
		})
	}
}

// TestOfAnother holds that what was kept for another repository, or for other branches,
// isn't believed.
func TestOfAnother(t *testing.T) {
	for name, change := range map[string]func(b *bench){
		"repository by its links": func(b *bench) { b.name = "acme/other" },
		"repository by its name":  func(b *bench) { b.cfg.Repository = "https://forge.test/acme/deploy" },
		"prefix":                  func(b *bench) { b.cfg.Prefix = "towline/x" },
	} {
		t.Run(name, func(t *testing.T) {
			b := kept(t)
			change(b)
			b.reopen()
			b.wants("known", numbers(b.book.All()), "")
			if !strings.Contains(b.log.String(), "level=WARN") {
				t.Errorf("logged %q", b.log)
			}
		})
	}
}

// TestAnOldFile holds that a file from before what happened since, as a copy that was put
// back or a second bot's, leads to what is true now.
func TestAnOldFile(t *testing.T) {
	b := kept(t)
	old, err := os.ReadFile(b.cfg.File)
	if err != nil {
		t.Fatal(err)
	}
	b.pass(time.Hour)
	b.comment(1, "alice", "/towline release")
	b.change(2, func(pr *forge.PullRequest) { pr.State = forge.StateOpen })
	b.comment(2, "alice", "/towline rebase")
	b.open("towline/more")
	b.refresh()
	want := b.know()
	if err := os.WriteFile(b.cfg.File, old, 0o600); err != nil {
		t.Fatal(err)
	}
	b.pass(time.Minute)
	b.reopen()
	b.wants("news since then", b.refresh(), "3 open, 2 open, 1 open")
	if diff := cmp.Diff(want, b.know()); diff != "" {
		t.Errorf("known (-want +got):\n%s", diff)
	}
}

// TestLeftovers holds that what a killed run left behind is removed, and nothing else.
func TestLeftovers(t *testing.T) {
	b := kept(t)
	dir := filepath.Dir(b.cfg.File)
	for _, name := range []string{"pulls.new-1", "pulls.new-2", "others.new-1", "pulls.old"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, name), b.clock, b.clock.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(dir, "pulls.new-2"), b.clock, b.clock.Add(-time.Minute)); err != nil {
		t.Fatal(err)
	}
	b.reopen()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range all {
		names = append(names, f.Name())
	}
	if diff := cmp.Diff([]string{"others.new-1", "pulls", "pulls.new-2", "pulls.old"}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// TestFileThatCantBeWritten holds that the book goes on without one.
func TestFileThatCantBeWritten(t *testing.T) {
	b := newBench(t, "")
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.cfg.File = filepath.Join(blocked, "pulls")
	b.reopen()
	b.open("towline/web")
	b.wants("news", b.refresh(), "1 open")
	if !strings.Contains(b.log.String(), "level=WARN") {
		t.Errorf("logged %q", b.log)
	}
}
