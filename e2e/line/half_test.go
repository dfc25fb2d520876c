package line_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/towline-dev/towline/e2e/testbed"
	"github.com/towline-dev/towline/e2e/testbed/process"
)

// half is one of the two daemons.
type half struct {
	name, log string
	*process.Process
	told int64 // how much of the log stood there at the last mark
}

// startHalf runs a daemon until the end of the test, and waits until it says at the
// address that it is ready.
func (l *line) startHalf(name, probes string, args ...string) *half {
	l.Helper()
	h := &half{name: name, log: filepath.Join(l.dir, name+".log")}
	var err error
	h.Process, err = process.Start(process.Spec{
		Name: "towline " + name, Path: l.program, Args: append([]string{name}, args...), Env: l.environment(), Dir: l.dir, Log: h.log,
	})
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() {
		h.Stop()
		if l.Failed() {
			l.Logf("the log of the %s:\n%s", name, h.said(l.T, 0))
		}
	})
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	if err := h.Await(ctx, func(ctx context.Context) error { return answersOK(ctx, "http://"+probes+"/readyz") }); err != nil {
		l.Fatal(err)
	}
	return h
}

func answersOK(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := new(http.Client).Do(req)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s", url, resp.Status)
	}
	_ = resp.Body.Close() // nothing of it is wanted
	return err
}

func (l *line) startBot() *half {
	l.Helper()
	probes := testbed.FreeAddress(l.T)
	return l.startHalf("bot", probes, "--config", l.botConfig("bot", probes), "--log-format", "json")
}

// mark makes the next call of told begin here.
func (h *half) mark(t *testing.T) {
	t.Helper()
	h.told += int64(len(h.said(t, h.told)))
}

// said gives the log from an offset on.
func (h *half) said(t *testing.T, from int64) []byte {
	t.Helper()
	data, err := os.ReadFile(h.log)
	if err != nil {
		t.Fatal(err)
	}
	return data[from:]
}

// since gives the lines since the last mark that a person sees: those of level info
// and above, and those that aren't of our own logger. Warnings and errors are counted.
func (h *half) since(t *testing.T) (lines []string, troubles int) {
	t.Helper()
	for line := range bytes.Lines(h.said(t, h.told)) {
		var record struct{ Level slog.Level }
		switch err := json.Unmarshal(line, &record); {
		case err == nil && record.Level < slog.LevelInfo:
			continue
		case err != nil || record.Level >= slog.LevelWarn:
			troubles++
		}
		lines = append(lines, strings.TrimSpace(string(line)))
	}
	return lines, troubles
}

// alive checks that the daemon is the process that was started.
func (h *half) alive(t *testing.T) {
	t.Helper()
	select {
	case <-h.Done():
		t.Errorf("the %s has ended", h.name)
	default:
	}
}
