package gitrepo_test

import (
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// A submodule and a file that Git LFS keeps elsewhere are entries like any other: an
// update leaves them as they are, and nothing goes to where they point.
func TestSubmodulesAndLFSAreLeftAlone(t *testing.T) {
	internal, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var contacts atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := internal.Accept()
			if err != nil {
				return
			}
			contacts.Add(1)
			_ = conn.Close()
		}
	}()
	server := gitrepotest.New(t)
	url := server.Create("deploy")
	const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	at := internal.Addr().String()
	server.Commit("deploy", gitrepotest.Commit{
		Files: map[string]string{
			".gitmodules":    fmt.Sprintf("[submodule \"base\"]\n\tpath = base\n\turl = http://%s/base.git\n", at),
			".lfsconfig":     fmt.Sprintf("[lfs]\n\turl = http://%s/lfs\n", at),
			".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
			"base":           strings.Repeat("1", 40),
			"logo.bin":       pointer,
			"apps/a":         "1",
		},
		Modes: map[string]string{"base": "160000"},
	})
	list := func(branch string) string { return server.Git("deploy", "ls-tree", "-r", branch) }
	before := list("main")
	repo := open(t, url)
	base := fetch(t, repo, "main")
	held := files(t, repo, base)
	if _, ok := held["base"]; ok || held["logo.bin"] != pointer {
		t.Errorf("the tree shows %q", held)
	}
	commit, err := repo.Commit(gitrepo.Commit{Base: base, Files: map[string][]byte{"apps/a": []byte("2")}, Message: "m", Author: pat(), Committer: pat()})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.Push(t.Context(), gitrepo.PushRequest{Commit: commit, Branch: "main", Expect: base}); err != nil {
		t.Fatal(err)
	}
	changed := strings.Split(list("main"), "\n")
	for i, line := range strings.Split(before, "\n") {
		if same := changed[i] == line; same == strings.HasSuffix(line, "apps/a") {
			t.Errorf("%q has become %q", line, changed[i])
		}
	}
	server.Git("deploy", "fsck", "--strict", "--no-dangling")
	if err := internal.Close(); err != nil {
		t.Fatal(err)
	}
	<-ended
	if got := contacts.Load(); got != 0 {
		t.Errorf("the address that the repository names was contacted %d times", got)
	}
}
