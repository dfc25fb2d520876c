package bot_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// The repository of BenchmarkRound50k: half of the files name one of 100 images, and of
// those as many as roundEdits the one that gets a new tag with each round.
const (
	roundFiles  = 50_000
	roundImages = 100
	roundEdits  = 20
)

// BenchmarkRound50k measures rounds over a repository of 50,000 files that git
// http-backend serves, beside the real git doing the same by a shallow clone. What the
// bot needs of memory is the peak of a process of its own (peak-MB).
func BenchmarkRound50k(b *testing.B) {
	for name, file := range layouts() {
		b.Run(name, func(b *testing.B) {
			server := gitrepotest.New(b)
			url := server.Create("mono")
			server.Commit("mono", gitrepotest.Commit{Files: roundTree(file)})
			server.Git("mono", "repack", "-adq")
			dir := b.TempDir()
			b.Run("cold", func(b *testing.B) {
				for n := 0; b.Loop(); n++ {
					roundChild(b, url, filepath.Join(dir, fmt.Sprint(n)), "first").report(b)
				}
			})
			roundChild(b, url, dir, "first")
			for _, job := range []string{"restart", "unchanged", "changed", "edits"} {
				b.Run(job, func(b *testing.B) { roundChild(b, url, dir, job, fmt.Sprint(b.N), server.Dir("mono"), name).report(b) })
			}
			b.Run("clone", func(b *testing.B) {
				for n := 0; b.Loop(); n++ {
					cloneEditPush(b, url, n, file)
				}
			})
		})
	}
}

// layouts are the names that the files have.
func layouts() map[string]func(i int) string {
	return map[string]func(int) string{
		"folders": func(i int) string {
			return fmt.Sprintf("clusters/c%02d/apps/team-%02d/app-%05d.yaml", i%20, i/20%25, i)
		},
		"flat": func(i int) string { return fmt.Sprintf("apps/app-%05d.yaml", i) },
	}
}

// roundTree is the repository's files.
func roundTree(file func(int) string) map[string]string {
	files := map[string]string{}
	for i := range roundImages + 1 {
		files[fmt.Sprintf("policy-%03d.yaml", i)] = policyOf(fmt.Sprintf("app-%d", i), roundImage(i), "  update: {mode: commit}")
	}
	for i := range roundFiles {
		files[file(i)] = roundFile(i)
	}
	return files
}

func roundImage(i int) string { return fmt.Sprintf("ghcr.io/acme/app-%d", i) }

// roundFile is one manifest, each other than all others.
func roundFile(i int) string {
	if i%2 == 1 {
		return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings-%d\n  labels: {app: app-%d}\ndata:\n  level: info\n  address: 0.0.0.0:%d\n", i, i, i)
	}
	return deployment(i, "1.0.0", i%roundImages)
}

// roundEdited are the files that each round edits.
func roundEdited(n int) int { return n * (roundFiles / roundEdits) }

func deployment(i int, tag string, image int) string {
	if i%(roundFiles/roundEdits) == 0 {
		image = roundImages
	}
	return fmt.Sprintf(`apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-%d
  labels: {app: app-%d}
spec:
  replicas: %d
  selector: {matchLabels: {app: app-%d}}
  template:
    metadata: {labels: {app: app-%d}}
    spec:
      containers:
        - name: app
          image: %s:%s
          ports: [{containerPort: 8080}]
          resources: {limits: {memory: 128Mi}}
`, i, i, i%7, i, i, roundImage(image), tag)
}

// cloneEditPush is what others do: a shallow clone, the same edits, a commit, a push.
func cloneEditPush(b *testing.B, url string, n int, file func(int) string) {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "clone")
	git := func(args ...string) {
		cmd := exec.CommandContext(b.Context(), "git", args...)
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("clone", "--quiet", "--depth", "1", url, dir)
	for i := range roundEdits {
		name := filepath.Join(dir, file(roundEdited(i)))
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		before, after, _ := strings.Cut(string(data), roundImage(roundImages)+":")
		_, after, _ = strings.Cut(after, "\n")
		edited := fmt.Sprintf("%s%s:0.%d.%d\n%s", before, roundImage(roundImages), time.Now().Unix(), n, after)
		if err := os.WriteFile(name, []byte(edited), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	git("-C", dir, "-c", "user.name=Pat", "-c", "user.email=pat@example.com", "commit", "--quiet", "--all", "--message", "Update")
	git("-C", dir, "push", "--quiet")
	b.StopTimer()
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
	b.StartTimer()
}
