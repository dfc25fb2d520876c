package testbed_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/e2e/testbed"
)

// parentEnv makes this test binary start all servers and wait to be killed.
const parentEnv = "TESTBED_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentEnv) != "" {
		if err := runParent(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(testbed.Main(m))
}

// runParent starts each server that this machine can run, prints its process
// id and the folder of its log, and doesn't return before its input ends.
func runParent(ctx context.Context) error {
	cluster, err := testbed.StartKube(ctx, testbed.KubeOptions{})
	if err != nil {
		return err
	}
	registry, err := testbed.StartDistribution(ctx, testbed.RegistryOptions{})
	if err != nil {
		return err
	}
	servers := []testbed.Server{cluster.Server, registry.Server}
	if _, err := exec.LookPath("gcc"); err == nil {
		gitea, err := testbed.StartGitea(ctx, testbed.GiteaOptions{})
		if err != nil {
			return err
		}
		servers = append(servers, gitea.Server)
	}
	if _, err := exec.LookPath("npm"); err == nil {
		emulator, err := testbed.StartEmulator(ctx, nil)
		if err != nil {
			return err
		}
		servers = append(servers, emulator.Server)
	}
	var text strings.Builder
	for _, s := range servers {
		fmt.Fprintf(&text, "%d %s\n", s.PID(), filepath.Dir(s.Log()))
	}
	if _, err := os.Stdout.WriteString(text.String() + "\n"); err != nil {
		return err
	}
	_, err = bufio.NewReader(os.Stdin).ReadString('\n')
	return err
}

// TestServersDieWithAKilledParent also shows that the folders of the dead are
// removed by whoever starts a server next.
func TestServersDieWithAKilledParent(t *testing.T) {
	tmp := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), parentEnv+"=1", "TMPDIR="+tmp)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() }) // held open until here
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	servers := map[int]string{}
	for lines := bufio.NewScanner(stdout); lines.Scan() && lines.Text() != ""; {
		pid, dir, _ := strings.Cut(lines.Text(), " ")
		number, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		servers[number] = dir
	}
	if len(servers) < 2 {
		t.Fatalf("only %d servers were started", len(servers))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the killed parent ended well")
	}
	for pid, dir := range servers {
		awaitGone(t, pid)
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("the folder of process %d: %v", pid, err)
		}
	}

	t.Setenv("TMPDIR", tmp)
	testbed.Distribution(t)
	for _, dir := range servers {
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there (%v)", dir, err)
		}
	}
}

// awaitGone waits until a process has ended: the kernel kills it right after
// its parent, but not before that can be seen.
func awaitGone(t *testing.T, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for alive(pid) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("process %d lives on", pid)
		}
	}
}

// alive tells whether a process runs. One that has ended and that nobody has
// asked for its status doesn't.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}
