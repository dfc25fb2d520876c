package git_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const (
	// vastTime bounds how long the bot's processors work in a round over a vast
	// repository.
	vastTime = 30 * time.Second
	vastPeak = 400 << 20 // bytes of memory
)

// TestVast holds that a repository of a size that nobody has manifests of costs a bounded
// amount of time and memory, and keeps the bot from nothing else. It doesn't run beside
// other tests, since the bot's peak is no less than what this process has.
func TestVast(t *testing.T) {
	for _, test := range []struct {
		name string
		adds func() io.Reader // what git-fast-import adds to the files
		says string
	}{
		{name: "100,000 files", adds: manyFiles},
		{name: "a file of 1 GB", adds: hugeFile, says: "huge.yaml"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScene(t)
			s.publish("web", "1.0.0", "1.1.0")
			healthy, vast := s.healthy(), served{GiteaRepo: s.bare("vast"), forge: "plain"}
			s.fastImport(vast, test.adds())
			r := s.mustOnce(s.botConfig("vast", healthy, vast))
			t.Logf("the round took %v, %v of the processors and %d MB", r.took, r.worked, r.peak>>20)
			if r.worked > vastTime || r.peak > vastPeak {
				t.Errorf("that is more than %v or %d MB", vastTime, vastPeak>>20)
			}
			if test.says != "" && !told(r.log, "level=WARN", "vast.git", test.says) {
				t.Errorf("no line of the log says %q:\n%s", test.says, r.log)
			}
			s.wantWeb(healthy)
			s.wantWeb(vast)
		})
	}
}

// fastImport makes a repository's first commit: the policy and the manifest, and what is
// given.
func (s *scene) fastImport(r served, more io.Reader) {
	s.Helper()
	var text strings.Builder
	text.WriteString("commit refs/heads/main\ncommitter Pat <pat@example.test> 1700000000 +0000\ndata 4\nAdd\n\n")
	for name, content := range s.webFiles("1.0.0") {
		fmt.Fprintf(&text, "M 100644 inline %s\ndata %d\n%s\n", name, len(content), content)
	}
	cmd := exec.CommandContext(s.Context(), "git", "--git-dir", s.plain.Dir(r.Name), "-c", "core.compression=1", "fast-import", "--quiet")
	cmd.Env, cmd.Stdin, cmd.Stderr = gitEnv("pat"), io.MultiReader(strings.NewReader(text.String()), more), os.Stderr
	if err := cmd.Run(); err != nil {
		s.Fatalf("importing: %v", err)
	}
}

func manyFiles() io.Reader {
	var text strings.Builder
	for i := range 100_000 {
		content := fmt.Sprintf("kind: ConfigMap\nmetadata: {name: c%d}\n", i)
		fmt.Fprintf(&text, "M 100644 inline many/%d/%d.yaml\ndata %d\n%s\n", i%317, i, len(content), content)
	}
	return strings.NewReader(text.String())
}

func hugeFile() io.Reader {
	const size = 1 << 30
	return io.MultiReader(
		strings.NewReader(fmt.Sprintf("M 100644 inline huge.yaml\ndata %d\n", size)),
		io.LimitReader(zeros{}, size), strings.NewReader("\n"))
}

// zeros is as many of them as are asked for.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
