package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/towline-dev/towline/e2e/testbed/process"
)

// half is one of the two processes of towline.
type half struct {
	name, log string
	proc      *process.Process
}

// startHalf runs towline with a log file and waits until it says that it is ready.
func (s *stage) startHalf(ctx context.Context, name, binary, ready string, env []string, args ...string) (*half, error) {
	h := &half{name: "towline " + name, log: filepath.Join(s.dir, name+".log")}
	var err error
	h.proc, err = process.Start(process.Spec{Name: h.name, Path: binary, Args: append([]string{name}, args...),
		Env: append(os.Environ(), env...), Dir: s.dir, Log: h.log})
	if err != nil {
		return nil, err
	}
	s.onClose(func() error {
		h.proc.Stop()
		return nil
	})
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	return h, h.proc.Await(ctx, func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, ready, nil)
		if err != nil {
			return err
		}
		resp, err := s.http.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }() // nothing of it is read
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s answers %s", ready, resp.Status)
		}
		return nil
	})
}

// tail gives the last lines of the log.
func (h *half) tail() string {
	data, err := os.ReadFile(h.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// freeAddress gives an address of this machine on which nobody listened a moment ago.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func (s *stage) startBot(ctx context.Context, binary string) error {
	listen, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "bot.yaml")
	text := fmt.Sprintf(`apiVersion: towline.dev/v1
kind: BotConfig
stateDir: %s
listen: %s
repositories:
- url: %s
  branch: %s
  interval: 2s
  auth: {tokenEnv: DEMO_TOKEN}
  forge: {type: github}
registries:
- {host: %q, plainHTTP: true}
`, filepath.Join(s.dir, "bot"), listen, s.repo.CloneURL(), branch, s.registry.Host())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	s.bot, err = s.startHalf(ctx, "bot", binary, "http://"+listen+"/readyz", []string{"DEMO_TOKEN=" + botToken},
		"--config", file, "--log-format", "json")
	return err
}

// tagSeen gives the time at which the bot's log says that it has seen the new version.
func (s *stage) tagSeen() (time.Time, error) {
	data, err := os.ReadFile(s.bot.log)
	if err != nil {
		return time.Time{}, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		var record struct {
			Time  time.Time `json:"time"`
			Event string    `json:"event"`
			To    string    `json:"to"`
		}
		if json.Unmarshal(lines.Bytes(), &record) == nil && record.Event == "tag" && record.To == newVersion {
			return record.Time, nil
		}
	}
	return time.Time{}, fmt.Errorf("the bot's log doesn't tell of %s", newVersion)
}
