package secret_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/towline-dev/towline/internal/secret"
)

func TestNothingPrintsIt(t *testing.T) {
	const text = "hunter2"
	s := secret.New(text)
	holder := struct{ Token secret.String }{s}
	asJSON, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("using", "token", s, "holder", holder)
	prints := map[string]string{
		"String": s.String(), "%s": fmt.Sprintf("%s", holder), "%v": fmt.Sprintf("%v", holder), "%+v": fmt.Sprintf("%+v", holder),
		"%#v": fmt.Sprintf("%#v", s), "%q": fmt.Sprintf("%q", s), "json": string(asJSON), "slog": log.String(),
	}
	for how, got := range prints {
		if strings.Contains(got, text) || !strings.Contains(got, "redacted") {
			t.Errorf("%s prints %s", how, got)
		}
	}
	if s.Reveal() != text || s.IsZero() || !secret.New("").IsZero() {
		t.Error("Reveal or IsZero is wrong")
	}
}
