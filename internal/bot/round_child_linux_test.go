package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/gitrepo"
	"github.com/towline-dev/towline/internal/refcache"
)

const roundEnv = "BOT_TEST_ROUND"

// TestMain lets the test binary play a bot in a process of its own.
func TestMain(m *testing.M) {
	if job := os.Getenv(roundEnv); job != "" {
		if err := roundJob(context.Background(), os.Stdout, strings.Split(job, " ")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// measured is what a process of its own tells of its rounds.
type measured struct {
	Each   time.Duration // a round
	Beside time.Duration // of it what isn't the fetch alone
	Busy   time.Duration // of the processors, in this process
	Peak   int           // bytes of resident memory
}

func (m measured) report(b *testing.B) {
	b.ReportMetric(float64(m.Each)/1e6, "ms/round")
	if m.Beside > 0 {
		b.ReportMetric(float64(m.Beside)/1e6, "ms-beside-fetch")
	}
	b.ReportMetric(float64(m.Busy)/1e6, "cpu-ms/round")
	b.ReportMetric(float64(m.Peak)/1e6, "peak-MB")
}

// roundChild runs rounds in a process of its own.
func roundChild(b *testing.B, url, dir string, job ...string) measured {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), roundEnv+"="+strings.Join(append([]string{url, dir}, job...), " "))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		b.Fatalf("the bot's process: %v", err)
	}
	var m measured
	if err := json.Unmarshal(out, &m); err != nil {
		b.Fatalf("the bot's process said %q: %v", out, err)
	}
	return m
}

// roundJob is the process: URL, folder of mirrors, job, how many rounds, where the
// server keeps the repository, and the layout of its files.
func roundJob(ctx context.Context, out io.Writer, args []string) (err error) {
	url, dir, job, n := args[0], args[1], args[2], 1
	if len(args) > 3 {
		if n, err = strconv.Atoi(args[3]); err != nil {
			return err
		}
	}
	w, err := newRoundWorld(url, dir)
	if err != nil {
		return err
	}
	if job == "edits" { // which an earlier process may have edited already
		w.registries.push(roundImage(roundImages), fmt.Sprintf("1.%d.0", time.Now().UnixNano()))
	}
	var m measured
	if job != "first" && job != "restart" { // the first round of a process isn't measured
		if err := w.bot.Once(ctx); err != nil {
			return err
		}
	}
	w.told.take()
	for range n {
		switch job {
		case "restart":
			if w, err = newRoundWorld(url, dir); err != nil {
				return err
			}
		case "changed":
			if err := w.person(ctx, args[4], args[5]); err != nil {
				return err
			}
		case "edits":
			w.registries.push(roundImage(roundImages), fmt.Sprintf("1.%d.0", time.Now().UnixNano()))
		}
		began := time.Now()
		var fetch time.Duration
		if job == "unchanged" {
			if _, err := w.repo.Fetch(ctx, "main"); err != nil {
				return err
			}
			fetch = time.Since(began)
		}
		began, worked := time.Now(), processors()
		if err := w.bot.Once(ctx); err != nil {
			return err
		}
		took := time.Since(began)
		m.Each += took / time.Duration(n)
		if fetch > 0 {
			m.Beside += (took - fetch) / time.Duration(n)
		}
		m.Busy += (processors() - worked) / time.Duration(n)
	}
	if m.Peak, err = peak(); err != nil {
		return err
	}
	committed := 0
	for _, event := range w.told.take() {
		if event == "pull_request: update committed" {
			committed++
		}
		if strings.HasPrefix(event, "problem") || strings.HasPrefix(event, "failed") {
			return fmt.Errorf("the bot says: %s", event)
		}
	}
	if job == "edits" && committed != n {
		return fmt.Errorf("%d rounds made %d commits", n, committed)
	}
	return json.NewEncoder(out).Encode(m)
}

// roundWorld is a bot over one repository.
type roundWorld struct {
	repo       *gitrepo.Repo
	registries *registries
	bot        *bot.Bot
	told       *told
	changed    int
}

func newRoundWorld(url, dir string) (*roundWorld, error) {
	repo, err := gitrepo.Open(gitrepo.Config{URL: url, Dir: dir})
	if err != nil {
		return nil, err
	}
	writer, err := gitwriter.New(gitwriter.Config{Repo: repo})
	if err != nil {
		return nil, err
	}
	w := &roundWorld{repo: repo, registries: &registries{tags: map[string][]string{}, failed: map[string]error{}}, told: &told{}}
	for i := range roundImages + 1 {
		w.registries.tags[roundImage(i)] = []string{"1.0.0", "0.9.0"}
	}
	w.bot, err = bot.New(bot.Config{
		Repositories: []bot.Repository{{Name: "mono", Branch: "main", Interval: time.Hour, Source: repo, Writer: bot.WriterOf(writer),
			Cache: refcache.New(filepath.Join(repo.MirrorDir(), "references"), nil)}},
		Round: func() bot.Tags { return w.registries }, Events: w.told,
	})
	return w, err
}

// person changes some files behind the bot's back.
func (w *roundWorld) person(ctx context.Context, dir, names string) error {
	w.changed++
	var in strings.Builder
	fmt.Fprintf(&in, "commit refs/heads/main\ncommitter Pat <pat@example.com> 1700000000 +0000\ndata 5\nHand\n\nfrom refs/heads/main^0\n")
	for n := range roundEdits {
		i := roundEdited(n) + 2
		text := deployment(i, "1.0.0", i%roundImages) + fmt.Sprintf("# %d.%d\n", os.Getpid(), w.changed)
		fmt.Fprintf(&in, "M 100644 inline %s\ndata %d\n%s\n", layouts()[names](i), len(text), text)
	}
	cmd := exec.CommandContext(ctx, "git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Stdin, cmd.Stderr = dir, strings.NewReader(in.String()), os.Stderr
	return cmd.Run()
}

// processors is how long this process has kept processors busy.
func processors() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak gives the most memory that this process had at a time.
func peak() (int, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, err := strconv.Atoi(number)
	return kib << 10, err
}
