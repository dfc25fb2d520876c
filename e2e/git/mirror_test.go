package git_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// wantSound holds that the mirrors of a bot are whole: git(1) finds every object from
// the heads that a mirror says it holds down to where it says that it ends.
func (s *scene) wantSound(state string) (mirrors int) {
	s.Helper()
	found, err := filepath.Glob(filepath.Join(s.stateDir(state), "git", "*", "current"))
	if err != nil {
		s.Fatal(err)
	}
	for _, current := range found {
		name, err := os.ReadFile(current)
		if err != nil {
			s.Fatal(err)
		}
		s.fsck(filepath.Join(filepath.Dir(current), strings.TrimSpace(string(name))))
	}
	return len(found)
}

// fsck checks one generation of a mirror. What it knows of its heads stands in a file
// of its own, not in Git's.
func (s *scene) fsck(dir string) {
	s.Helper()
	var known struct {
		Branches map[string]string
		Shallow  []string
	}
	data, err := os.ReadFile(filepath.Join(dir, "towline.json"))
	if err == nil {
		err = json.Unmarshal(data, &known)
	}
	if err != nil {
		s.Errorf("reading what the mirror %s holds: %v", dir, err)
		return
	}
	shallow := filepath.Join(s.dir, "shallow")
	if err := os.WriteFile(shallow, []byte(strings.Join(append(known.Shallow, ""), "\n")), 0o600); err != nil {
		s.Fatal(err)
	}
	args := []string{"--git-dir", dir, "fsck", "--full", "--no-dangling", "--no-reflogs"}
	for _, head := range known.Branches {
		args = append(args, head)
	}
	env := append(gitEnv("witness"), "GIT_SHALLOW_FILE="+shallow)
	if _, err := tryGit(s.Context(), env, args...); err != nil {
		s.Errorf("the mirror isn't whole: %v", err)
	}
}
