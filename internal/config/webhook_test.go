package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/towline-dev/towline/internal/config"
)

func withWebhooks(listen, webhooks string) []byte {
	return []byte(head + "listen: " + listen + "\nrepositories:\n- url: https://git.example.com/acme/deploy\n  forge: {type: plain}\nwebhooks:\n" + webhooks)
}

func TestWebhookDefaults(t *testing.T) {
	got, err := config.ParseBot("bot.yaml", withWebhooks(`":8080"`, `
- {type: ghcr, secretEnv: GHCR_SECRET}
- {type: harbor, path: /hooks/harbor, registry: "harbor.example.com:8443", secretFile: /secret/harbor, auth: basic}
- {type: quay, secretFile: /secret/quay}
- {type: forge-github, secretEnv: HOOK}
- {type: forge-gitlab, secretEnv: HOOK, auth: hmac, path: /webhooks/gitlab}
- {type: gitea, secretEnv: HOOK}
- {type: forge-gitea, secretEnv: HOOK}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Webhook{
		{Type: "ghcr", Path: "/webhooks/ghcr", Auth: "hmac", SecretEnv: "GHCR_SECRET"},
		{Type: "harbor", Path: "/hooks/harbor", Registry: "harbor.example.com:8443", Auth: "basic", Username: "towline", SecretFile: "/secret/harbor"},
		{Type: "quay", Path: "/webhooks/quay", Auth: "query", SecretFile: "/secret/quay"},
		{Type: "forge-github", Path: "/webhooks/forge-github", Auth: "hmac", SecretEnv: "HOOK"},
		{Type: "forge-gitlab", Path: "/webhooks/gitlab", Auth: "hmac", SecretEnv: "HOOK"},
		{Type: "gitea", Path: "/webhooks/gitea", Auth: "hmac", SecretEnv: "HOOK"},
		{Type: "forge-gitea", Path: "/webhooks/forge-gitea", Auth: "hmac", SecretEnv: "HOOK"},
	}
	if diff := cmp.Diff(want, got.Webhooks); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
	for _, w := range got.Webhooks {
		if w.Forge() != strings.HasPrefix(w.Type, "forge-") {
			t.Errorf("%s is of a forge: %t", w.Type, w.Forge())
		}
	}
}

func TestWebhookProblems(t *testing.T) {
	const address = `":8080"`
	for _, tt := range []struct{ name, listen, webhooks, want string }{
		{"nowhere to serve", `""`, "- {type: ghcr, secretEnv: A}\n", "listen is empty"},
		{"unknown type", address, "- {type: nexus, secretEnv: A}\n", "acr, cloudevents, distribution"},
		{"a forge's name alone", address, "- {type: github, secretEnv: A}\n", "ecr, forge-gitea, forge-github, forge-gitlab, gcr"},
		{"a forge's registry", address, "- {type: forge-github, secretEnv: A, registry: ghcr.io}\n", "is a forge"},
		{"a forge without a secret", address, "- {type: forge-github}\n", "anybody could start scans"},
		{"what GitHub can't", address, "- {type: forge-github, secretEnv: A, auth: token}\n", "they can hmac"},
		{"no type", address, "- {secretEnv: A}\n", `type is ""`},
		{"unknown field", address, "- {type: ghcr, secret: hunter2}\n", "secretEnv"},
		{"no secret", address, "- {type: ghcr}\n", "anybody could start scans"},
		{"two secrets", address, "- {type: ghcr, secretEnv: A, secretFile: b}\n", "one of secretEnv and secretFile"},
		{"can't sign", address, "- {type: harbor, secretEnv: A, auth: hmac}\n", "they can token, basic"},
		{"can only sign", address, "- {type: ghcr, secretEnv: A, auth: query}\n", "they can hmac"},
		{"username without basic", address, "- {type: harbor, secretEnv: A, username: x}\n", "auth: basic only"},
		{"one path for two", address, "- {type: harbor, secretEnv: A}\n- {type: acr, path: /webhooks/harbor, secretEnv: A}\n", "the same path"},
		{"one type twice", address, "- {type: harbor, secretEnv: A}\n- {type: harbor, secretEnv: B}\n", "the same path"},
		{"a path that is taken", address, "- {type: harbor, secretEnv: A, path: /metrics}\n", "are taken"},
		{"the root", address, "- {type: harbor, secretEnv: A, path: /}\n", "can't be served"},
		{"a relative path", address, "- {type: harbor, secretEnv: A, path: hooks}\n", "can't be served"},
		{"a path that isn't clean", address, "- {type: harbor, secretEnv: A, path: /a/../b}\n", "can't be served"},
		{"a pattern", address, "- {type: harbor, secretEnv: A, path: '/{all...}'}\n", "can't be served"},
		{"a query", address, "- {type: quay, secretEnv: A, path: '/q?token=x'}\n", "can't be served"},
		{"an address for a registry", address, "- {type: harbor, secretEnv: A, registry: 'https://harbor.example.com'}\n", "isn't a host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.ParseBot("bot.yaml", withWebhooks(tt.listen, tt.webhooks))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want %q in it", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
}
