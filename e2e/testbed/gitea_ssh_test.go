package testbed_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
)

func TestGiteaServesGitOverSSH(t *testing.T) {
	if _, err := exec.LookPath("ssh"); err != nil {
		t.Skipf("SKIPPED, as this machine has no ssh: %v", err)
	}
	server := testbed.GiteaWith(t, testbed.GiteaOptions{SSH: true})
	repo := server.Repo(t)
	key, hosts, err := server.NewSSHKey(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "git", "ls-remote", "--heads", server.SSH.URL(repo))
	cmd.Env = append(os.Environ(), "GIT_SSH_COMMAND=ssh -F none -o IdentitiesOnly=yes -o BatchMode=yes -i "+key+" -o UserKnownHostsFile="+hosts)
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || !strings.HasSuffix(string(out), "\trefs/heads/main\n") {
		t.Errorf("git ls-remote gives %q, %v\n%s", out, err, &said)
	}
}
