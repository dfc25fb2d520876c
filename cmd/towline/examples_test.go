package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/towline-dev/towline/gitwriter"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/schedule"
	"github.com/towline-dev/towline/policy"
)

const examples = "../../examples"

// TestExampleBots reads the configuration files in examples/ as `towline bot` would.
func TestExampleBots(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(examples, "*", "bot.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, file := range files {
		c, err := config.LoadBot(file)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		got[filepath.Base(filepath.Dir(file))] = c.Repositories[0].Forge.Type
	}
	want := map[string]string{"github": "github", "gitlab": "gitlab", "gitea": "gitea", "github-actions": "github"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("folders and types of forges (-want +got):\n%s", diff)
	}
}

// TestExampleSettings reads the settings of repositories in examples/, down to what
// the bot makes of them.
func TestExampleSettings(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(examples, "*", policy.UpdateConfigFile))
	if err != nil || len(files) < 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := policy.ParseUpdateConfig(file, data)
		if err != nil {
			t.Error(err)
		}
		if _, err := schedule.NewWindows(c.Windows); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if err := errors.Join(gitwriter.CheckTitleTemplate(c.PullRequest.Title), gitwriter.CheckBodyTemplate(c.PullRequest.Body)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// workflow is the part of a workflow of GitHub Actions that matters here.
type workflow struct {
	On struct {
		Schedule []struct {
			Cron string `yaml:"cron"`
		} `yaml:"schedule"`
	} `yaml:"on"`
	Concurrency struct {
		Group  string `yaml:"group"`
		Cancel bool   `yaml:"cancel-in-progress"`
	} `yaml:"concurrency"`
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		Steps []struct {
			Uses string            `yaml:"uses"`
			Run  string            `yaml:"run"`
			With map[string]string `yaml:"with"`
			Env  map[string]string `yaml:"env"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

// TestExampleWorkflow holds the workflow in examples/ to the command that it runs and to
// the configuration that it runs it with.
func TestExampleWorkflow(t *testing.T) {
	folder := filepath.Join(examples, "github-actions")
	data, err := os.ReadFile(filepath.Join(folder, ".github", "workflows", "towline.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	if err := yaml.Unmarshal(data, &w); err != nil {
		t.Fatal(err)
	}
	c, err := config.LoadBot(filepath.Join(folder, "bot.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"contents": "write", "pull-requests": "write", "issues": "write", "checks": "read", "statuses": "read"}
	if diff := cmp.Diff(want, w.Permissions); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	if w.Concurrency.Group == "" || w.Concurrency.Cancel {
		t.Errorf("rounds run side by side, or end each other: %+v", w.Concurrency)
	}
	for _, s := range w.On.Schedule {
		if _, err := schedule.Parse(s.Cron); err != nil {
			t.Error(err)
		}
	}
	var commands, cached []string
	for _, step := range w.Jobs["towline"].Steps {
		if strings.HasPrefix(step.Run, "towline ") {
			commands = append(commands, step.Run)
			if step.Env[c.Repositories[0].Auth.TokenEnv] == "" {
				t.Errorf("%q hasn't the token %s", step.Run, c.Repositories[0].Auth.TokenEnv)
			}
		}
		if strings.HasPrefix(step.Uses, "actions/cache@") {
			cached = append(cached, step.With["path"])
		}
	}
	if !slices.Equal(cached, []string{"~/.cache/towline"}) || c.StateDir != "" || c.Listen != "" {
		t.Errorf("kept is %q; the state is in %q, listening at %q", cached, c.StateDir, c.Listen)
	}
	if len(commands) != 1 || len(w.On.Schedule) == 0 {
		t.Fatalf("on %+v it runs %q", w.On, commands)
	}
	hasFlags(t, commands[0])
}

// hasFlags checks that a command's own help names every flag that a line gives it.
func hasFlags(t *testing.T, line string) {
	t.Helper()
	words := strings.Fields(line)[1:]
	var out, told bytes.Buffer
	run(context.Background(), process{
		args: []string{words[0], "--help"}, stdin: strings.NewReader(""),
		stdout: &out, stderr: &told, getenv: func(string) string { return "" },
	})
	for _, word := range words[1:] {
		known := regexp.MustCompile(`(?m)^\s+(-\w, )?` + regexp.QuoteMeta(word) + `\s`)
		if strings.HasPrefix(word, "--") && !known.MatchString(out.String()) {
			t.Errorf("%q: %s isn't a flag of\n%s%s", line, word, out.String(), told.String())
		}
	}
}
