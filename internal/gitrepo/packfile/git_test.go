package packfile_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// What Git packs gets the very index that Git gives it, whichever form the deltas have.
func TestReceiveWhatGitPacks(t *testing.T) {
	server := gitrepotest.New(t)
	server.Create("deploy")
	text := strings.Repeat("some: text that is long enough for a delta to be worth it\n", 50)
	for i := range 60 {
		server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{
			"a.yaml": fmt.Sprintf("%sversion: %d\n%s", text, i, text), fmt.Sprintf("apps/%d.yaml", i%20): text[i:],
		}})
	}
	for name, args := range map[string][]string{
		"offset deltas": {"--delta-base-offset"}, "reference deltas": nil, "no deltas": {"--depth=0"},
	} {
		t.Run(name, func(t *testing.T) {
			pack := server.GitInput("deploy", []byte("main\n"), append([]string{"pack-objects", "--revs", "--stdout", "--no-reuse-delta", "-q"}, args...)...)
			checkIndex(t, []byte(pack))
		})
	}
}

func checkIndex(t *testing.T, pack []byte) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.pack")
	if err := os.WriteFile(name, pack, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "git", "index-pack", name).CombinedOutput(); err != nil {
		t.Fatalf("git index-pack: %v\n%s", err, out)
	}
	want, err := os.ReadFile(strings.TrimSuffix(name, ".pack") + ".idx")
	if err != nil {
		t.Fatal(err)
	}
	got, err := receive(t, bytes.NewReader(pack), limits())
	if err != nil {
		t.Fatal(err)
	}
	var index bytes.Buffer
	if err := got.WriteIndex(&index); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(index.Bytes(), want) {
		t.Errorf("the index of %d objects isn't the one that Git makes", got.Len())
	}
	if got.Size != int64(len(pack)) || len(got.Names) != 0 {
		t.Errorf("%d of %d bytes, and %d objects are elsewhere", got.Size, len(pack), len(got.Names))
	}
}

// What a pack's trees name and it doesn't hold is told: the files before a commit.
func TestNamesOutsideOfThePack(t *testing.T) {
	server := gitrepotest.New(t)
	server.Create("deploy")
	server.Commit("deploy", gitrepotest.Commit{
		Files: map[string]string{"old": "o", "dir/old": "d", "sub": strings.Repeat("5", 40)}, Modes: map[string]string{"sub": "160000"},
	})
	server.Commit("deploy", gitrepotest.Commit{Files: map[string]string{"new": "n"}})
	pack := server.GitInput("deploy", []byte("main\n^main~1\n"), "pack-objects", "--revs", "--stdout", "-q")
	got, err := receive(t, strings.NewReader(pack), limits())
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for h, kind := range got.Names {
		names = append(names, kind.String()+" "+h.String())
	}
	slices.Sort(names)
	want := []string{"blob " + server.Git("deploy", "rev-parse", "main:old"), "tree " + server.Git("deploy", "rev-parse", "main:dir")}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
