package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"

	forgehook "github.com/towline-dev/towline/gitwriter/forge/webhook"
	"github.com/towline-dev/towline/internal/bot"
	"github.com/towline-dev/towline/internal/config"
	"github.com/towline-dev/towline/internal/hook"
	"github.com/towline-dev/towline/internal/metrics"
	"github.com/towline-dev/towline/internal/secret"
	"github.com/towline-dev/towline/registry/webhook"
)

// wireWebhooks makes the receivers of what registries and forges announce, by path. What
// they hear of goes to the bot.
func wireWebhooks(p process, c config.Bot, b *bot.Bot, reg prometheus.Registerer, log *slog.Logger) (map[string]http.Handler, error) {
	ofRegistry, ofForge, err := metrics.Webhooks(reg)
	if err != nil {
		return nil, err
	}
	hooks := map[string]http.Handler{}
	for _, w := range c.Webhooks {
		key, err := webhookSecret(p, w)
		switch {
		case err != nil:
		case w.Forge():
			hooks[w.Path], err = forgehook.New(forgehook.Config{
				Type: forgehook.Type(w.Type), Auth: forgehook.Auth(w.Auth), Secret: key, Log: log,
				Notify:  func(events []forgehook.Event) { touch(b, events) },
				Observe: func(r hook.Result) { ofForge(w.Type, string(r)) },
			})
		default:
			hooks[w.Path], err = webhook.New(webhook.Config{
				Kind: webhook.Kind(w.Type), Registry: w.Registry, Auth: webhook.Auth(w.Auth), Username: w.Username, Secret: key, Log: log,
				Notify:  func(pushes []webhook.Push) { b.Pushed(repositories(pushes)...) },
				Observe: func(r webhook.Result) { ofRegistry(w.Type, string(r)) },
			})
		}
		if err != nil {
			return nil, fmt.Errorf("webhook %s: %w", w.Path, err)
		}
	}
	return hooks, nil
}

func touch(b *bot.Bot, events []forgehook.Event) {
	for _, e := range events {
		commented := 0
		if e.Kind == forgehook.Comment {
			commented = e.Number
		}
		b.Touched(e.Repository, e.Branch, commented)
	}
}

func repositories(pushes []webhook.Push) []string {
	var all []string
	for _, p := range pushes {
		all = append(all, p.Repository)
	}
	return all
}

// webhookSecret reads a webhook's secret. One that is empty is an error here already, to
// say where it was looked for.
func webhookSecret(p process, w config.Webhook) (secret.String, error) {
	if w.SecretEnv != "" {
		text := p.getenv(w.SecretEnv)
		if text == "" {
			return secret.String{}, fmt.Errorf("the environment variable %s, named by secretEnv, is empty", w.SecretEnv)
		}
		return secret.New(text), nil
	}
	data, err := os.ReadFile(w.SecretFile)
	if err != nil {
		return secret.String{}, err
	}
	text := bytes.TrimSpace(data)
	if len(text) == 0 {
		return secret.String{}, fmt.Errorf("the file %s, named by secretFile, is empty", w.SecretFile)
	}
	return secret.New(string(text)), nil
}
