package git_test

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/gitrepo/gitrepotest"
)

// TestFullDisk holds that a bot whose disk is full says so and ends with 1, whatever it
// was about to write; that it has then done a thing whole or not at all; and that it goes
// on where there's room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.publish("web", "1.0.0", "1.1.0")
	repo := served{GiteaRepo: s.bare("disk"), forge: "plain"}
	files := s.webFiles("1.0.0")
	files["large.bin"] = noise(2 << 20)
	s.plain.Commit("disk", gitrepotest.Commit{Files: files})
	config := s.botConfig("disk", repo)
	disk := s.stateDir("disk")
	mountTiny(t, disk, "1m")

	before := s.everything([]served{repo})
	s.wantNoSpace(s.once(config), "disk.git")
	if got := s.everything([]served{repo}); got != before {
		t.Errorf("the repository isn't as it was:\n%s\nwas\n%s", got, before)
	}

	runTool(t, "mount", "-o", "remount,size=8m", disk)
	s.mustOnce(config)
	s.wantWeb(repo)
	s.wantSound("disk")

	// From no room at all to room enough, so that it ends at each thing that is written.
	failed, version := 0, 1
	for room := 0; ; room += 4 << 10 {
		version++
		s.publish("web", fmt.Sprintf("1.%d.0", version))
		was := s.everything([]served{repo})
		free := fill(t, disk, room)
		r := s.once(config)
		free()
		if r.code == 0 && r.interrupted == nil {
			break
		}
		failed++
		s.wantNoSpace(r, "")
		s.wantWholeStep(repo, was, version)
		if room > 1<<20 {
			t.Fatalf("a bot that has %d bytes still ends with %d:\n%s", room, r.code, r.log)
		}
	}
	if failed == 0 {
		t.Error("a full disk makes nothing fail")
	}
	t.Logf("the disk was full at %d steps", failed)
	s.mustOnce(config)
	if got := s.seen(repo.GiteaRepo, "cat-file", "blob", "main:pod.yaml"); got != s.webFiles(fmt.Sprintf("1.%d.0", version))["pod.yaml"] {
		t.Errorf("the manifest isn't at 1.%d.0:\n%s", version, got)
	}
	s.wantSound("disk")
}

// wantNoSpace holds that a round tells what is wrong with the disk.
func (s *scene) wantNoSpace(r round, repo string) {
	s.Helper()
	s.wantFailed(r)
	if !told(r.log, "no space left on device", repo) {
		s.Errorf("the log doesn't tell that the disk is full:\n%s", r.log)
	}
}

// wantWholeStep holds that main is as it was, or one whole update further.
func (s *scene) wantWholeStep(r served, was string, version int) {
	s.Helper()
	if s.everything([]served{r}) == was {
		return
	}
	want := s.webFiles(fmt.Sprintf("1.%d.0", version))["pod.yaml"]
	if got := s.seen(r.GiteaRepo, "cat-file", "blob", "main:pod.yaml"); got != want {
		s.Errorf("main has moved to this:\n%s\nwant\n%s", got, want)
	}
	s.seen(r.GiteaRepo, "fsck", "--full", "--strict")
}

// mountTiny puts a file system of that size at dir until the end of the test.
func mountTiny(t *testing.T, dir, size string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED, as only root can mount a small file system")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED, as no small file system can be mounted here: %v\n%s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil { //nolint:noctx // the test's context is done
			t.Errorf("unmounting %s: %v\n%s", dir, err, out)
		}
	})
}

func runTool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// fill leaves so many bytes of a file system, rounded up to its pages, and gives back
// the rest when it is told to.
func fill(t *testing.T, dir string, room int) (free func()) {
	t.Helper()
	name := filepath.Join(dir, "filler")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	page := make([]byte, 4<<10)
	size := 0
	for {
		n, err := file.Write(page)
		size += n
		if err != nil {
			break // it is full
		}
	}
	if err := file.Truncate(int64(max(0, size-room))); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
}

// noise is text that can't be compressed, always the same.
func noise(size int) string {
	var text strings.Builder
	for i := 0; text.Len() < size; i++ {
		sum := sha256.Sum256(fmt.Append(nil, i))
		text.Write(sum[:])
	}
	return text.String()[:size]
}
