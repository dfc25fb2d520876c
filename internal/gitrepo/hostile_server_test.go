package gitrepo_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// Packs that no Git sends, from a server that doesn't mean well: an error in bounded
// time and memory, and nothing that is left on the disk.
func TestHostilePacks(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	head := server.CommitTree("deploy", server.Tree("deploy",
		entry("100644", "a", server.Blob("deploy", "a")), entry("100644", "bomb", server.Zeros("deploy", 100<<20))))
	packed := func(rev string) []byte {
		return []byte(server.GitInput("deploy", []byte(rev+"\n"), "pack-objects", "--stdout", "-q"))
	}
	whole := []byte(server.GitInput("deploy", []byte("main\n"), "pack-objects", "--revs", "--stdout", "-q"))
	for _, test := range []struct {
		name  string
		write func(w io.Writer)
		want  error  // if any
		text  string // in the error
	}{
		{"a bomb", func(w io.Writer) { _, _ = w.Write(whole) }, gitrepo.ErrTooLarge, "inflates"},
		{"a commit alone", func(w io.Writer) { _, _ = w.Write(packed(head)) }, nil, "without tree"},
		{"a tree alone", func(w io.Writer) { _, _ = w.Write(packed(server.Git("deploy", "rev-parse", "main^{tree}"))) }, nil, "without file"},
		{"not a pack", func(w io.Writer) { _, _ = w.Write([]byte("<html>Sign in, please</html>")) }, nil, "malformed"},
		{"garbled", func(w io.Writer) { _, _ = w.Write(bytes.ToUpper(whole)) }, nil, "malformed"},
		{"cut off", func(w io.Writer) { _, _ = w.Write(whole[:len(whole)-7]) }, nil, "object"},
		{"nothing", func(io.Writer) {}, nil, ""},
		{"endless", func(w io.Writer) {
			_, err := w.Write([]byte("PACK\x00\x00\x00\x02\x00\x00\xff\xff"))
			for err == nil {
				_, err = w.Write(whole[12:40])
			}
		}, nil, ""},
		{"endless and well formed", func(w io.Writer) {
			_, err := w.Write([]byte("PACK\x00\x00\x00\x02\x00\x1f\xff\xff"))
			empty := bytes.Repeat([]byte("\x30\x78\x9c\x03\x00\x00\x00\x00\x01"), 1000)
			for err == nil {
				_, err = w.Write(empty)
			}
		}, gitrepo.ErrTooLarge, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			server.Fault(gitrepotest.Pack(head, test.write))
			defer server.Fault(nil)
			repo := open(t, url, func(c *gitrepo.Config) { c.MaxPackBytes, c.MaxInflatedBytes, c.Tries = 4<<20, 50<<20, 1 })
			var err error
			used := allocated(func() { _, err = repo.Fetch(t.Context(), "main") })
			if err == nil || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %v, want %v, %q", err, test.want, test.text)
			}
			if used > 300 { // in all; the most is the list of half a million objects
				t.Errorf("%d MiB were allocated", used)
			}
			noRemains(t, repo, test.name)
			if left := mirrorFiles(t, repo, "gen-*"); len(left) > 0 {
				t.Errorf("left are %q", left)
			}
		})
	}
}

func TestHostileAdvertisements(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	hash := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	service := "# service=git-upload-pack\n"
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"no service":              gitrepotest.Advertise(hash + " refs/heads/main\n"),
		"nothing":                 gitrepotest.Advertise(),
		"no flush":                gitrepotest.Advertise(service, "", hash+" refs/heads/main\x00\n"),
		"a short hash":            gitrepotest.Advertise(service, "", hash[:10]+" refs/heads/main\x00\n", ""),
		"no name":                 gitrepotest.Advertise(service, "", hash+"\n", ""),
		"nonsense":                gitrepotest.Advertise(service, "", "what?", ""),
		"a capability in the way": gitrepotest.Advertise(service, "", hash+" refs/heads/main\x00symref=\n", ""),
		"an error":                gitrepotest.Advertise(service, "", "ERR \x1b[31mgo away\n"),
		"a line that claims more": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			_, err := io.WriteString(w, "001e"+service+"0000ffff"+hash)
			return err == nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			server.Fault(fault)
			defer server.Fault(nil)
			if got, err := open(t, url).Fetch(t.Context(), "main"); err == nil || len(err.Error()) > 1000 || strings.ContainsRune(err.Error(), 0x1b) {
				t.Errorf("fetched %q, %v", got, err)
			}
		})
	}
}

// references writes n of them.
func references(hash string, n int) []string {
	lines := make([]string, 0, n+4)
	lines = append(lines, "# service=git-upload-pack\n", "", hash+" refs/heads/main\x00shallow side-band-64k ofs-delta\n")
	for i := range n {
		lines = append(lines, fmt.Sprintf("%s refs/heads/dependency-bot/b%07d\n", hash, i))
	}
	return append(lines, "")
}

// Half a million references are a slow start; two million are refused, compressed or not.
func TestManyReferences(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	hash := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	server.Fault(gitrepotest.Advertise(references(hash, 500_000)...))
	repo := open(t, url)
	var err error
	if used := allocated(func() { _, err = repo.Fetch(t.Context(), "main") }); err != nil || used > 600 {
		t.Errorf("half a million: %v, %d MiB were allocated", err, used)
	}
	many := references(hash, 1_000_000)
	server.Fault(gitrepotest.Advertise(many...))
	if _, err := repo.Fetch(t.Context(), "main"); !errors.Is(err, gitrepo.ErrTooLarge) {
		t.Errorf("too many: %v", err)
	}
	server.Fault(gzipped(many))
	if _, err := repo.Fetch(t.Context(), "main"); !errors.Is(err, gitrepo.ErrTooLarge) {
		t.Errorf("too many, compressed: %v", err)
	}
}

// gzipped is Advertise with a compressed answer.
func gzipped(lines []string) func(http.ResponseWriter, *http.Request) bool {
	plain := gitrepotest.Advertise(lines...)
	return func(w http.ResponseWriter, req *http.Request) bool {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		return plain(zipWriter{w, z}, req) && z.Close() == nil
	}
}

type zipWriter struct {
	http.ResponseWriter
	z io.Writer
}

func (w zipWriter) Write(p []byte) (int, error) { return w.z.Write(p) }

// A server that goes on for ever, a byte at a time, gets as long as any other.
func TestTrickle(t *testing.T) {
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	head := server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"a": "1"}})
	server.Fault(gitrepotest.Pack(head, func(w io.Writer) {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		_, err := w.Write([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\xb0\xff\xff\x01"))
		for err == nil {
			<-tick.C
			_, err = w.Write([]byte("x"))
		}
	}))
	repo := open(t, url, func(c *gitrepo.Config) { c.Timeout, c.Tries = 300*time.Millisecond, 2 })
	if _, err := repo.Fetch(t.Context(), "main"); err == nil {
		t.Error("it was fetched")
	}
	server.Fault(nil)
	fetch(t, repo, "main")
}

// A repository of the other kind of hash is told from one that is broken.
func TestSHA256Repository(t *testing.T) {
	server := gitrepotest.New(t)
	server.Create("sha1")
	server.Git("sha1", "init", "--quiet", "--bare", "--object-format=sha256", "--initial-branch=main", server.Dir("deploy"))
	server.GitInput("deploy", []byte("commit refs/heads/main\ncommitter P <p@x> 1 +0000\ndata 1\nx\nM 100644 inline a\ndata 1\nx\n"), "fast-import", "--quiet")
	_, err := open(t, server.URL+"/deploy.git").Fetch(t.Context(), "main")
	if !errors.Is(err, gitrepo.ErrObjectFormat) {
		t.Errorf("got %v", err)
	}
}
