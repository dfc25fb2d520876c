package webhook_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/towline-dev/towline/registry/webhook"
)

// dial opens a connection to a server in front of the receiver.
func dial(t *testing.T, r http.Handler) net.Conn {
	t.Helper()
	server := httptest.NewServer(r)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the server may have been first
	return conn
}

// begin sends the head of a request.
func begin(t *testing.T, conn net.Conn, authorization string, length int64) {
	t.Helper()
	_, err := fmt.Fprintf(conn, "POST /webhooks/acr HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", authorization, length)
	if err != nil {
		t.Fatal(err)
	}
}

// status reads the answer. Nothing is sent meanwhile, so who waits for more of the
// request never answers.
func status(t *testing.T, conn net.Conn) int {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode
}

// TestUnread holds that a body of which too much is announced, or whose sender isn't
// known, is answered without a byte of it.
func TestUnread(t *testing.T) {
	for _, tt := range []struct {
		name, authorization string
		length              int64
		want                int
	}{
		{"a gigabyte", key, 1 << 30, http.StatusRequestEntityTooLarge},
		{"a stranger", "guessed", 100, http.StatusUnauthorized},
		{"a stranger's gigabyte", "guessed", 1 << 30, http.StatusUnauthorized},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, h := receiver(t, webhook.Config{Kind: webhook.ACR})
			conn := dial(t, r)
			begin(t, conn, tt.authorization, tt.length)
			if got := status(t, conn); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
			if len(h.pushes) != 0 {
				t.Errorf("told of %v", h.pushes)
			}
		})
	}
}

// TestSlowDrip holds that a sender who stops in the middle is let go of.
func TestSlowDrip(t *testing.T) {
	r, h := receiver(t, webhook.Config{Kind: webhook.ACR, Timeout: 50 * time.Millisecond})
	conn := dial(t, r)
	begin(t, conn, key, 100)
	if _, err := io.WriteString(conn, `{"action":`); err != nil {
		t.Fatal(err)
	}
	if got := status(t, conn); got != http.StatusRequestTimeout {
		t.Errorf("status %d, want 408", got)
	}
	if len(h.pushes) != 0 {
		t.Errorf("told of %v", h.pushes)
	}
}

// TestEndless holds that a body without a length ends at the bound.
func TestEndless(t *testing.T) {
	r, _ := receiver(t, webhook.Config{Kind: webhook.ACR})
	body := io.MultiReader(strings.NewReader(`{"action":"`), endless{})
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body)
	req.Header.Set("Authorization", key)
	req.Header.Set("Content-Type", plainJSON)
	answer := httptest.NewRecorder()
	r.ServeHTTP(answer, req)
	if answer.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d, want 413", answer.Code)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, bytes.Repeat([]byte("x"), len(p))), nil }

// TestFlood holds that only so many bodies are read at a time, and that all is well once
// they are gone.
func TestFlood(t *testing.T) {
	r, h := receiver(t, webhook.Config{Kind: webhook.ACR})
	send := func(body io.Reader) int {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", body)
		req.Header.Set("Authorization", key)
		req.Header.Set("Content-Type", plainJSON)
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, req)
		return answer.Code
	}
	const flood = 5 * webhook.AtOnce
	body, end := io.Pipe() // no byte of it comes until it is closed
	codes := make(chan int, flood)
	for range flood {
		go func() { codes <- send(body) }()
	}
	for range flood - webhook.AtOnce {
		if got := <-codes; got != http.StatusTooManyRequests {
			t.Errorf("status %d, want 429", got)
		}
	}
	_ = end.Close() // never fails
	for range webhook.AtOnce {
		<-codes
	}
	if got := send(strings.NewReader(acrBody)); got != http.StatusAccepted {
		t.Errorf("status %d after the flood, want 202", got)
	}
	if len(h.pushes) != 1 {
		t.Errorf("told of %v", h.pushes)
	}
}

// TestLogKeepsSecrets holds that neither a token in the address nor anything of a body
// that isn't understood gets into the log.
func TestLogKeepsSecrets(t *testing.T) {
	var log bytes.Buffer
	r, _ := receiver(t, webhook.Config{Kind: webhook.Quay, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	send := func(query, body string) string {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/webhooks/quay?token="+query, strings.NewReader(body))
		req.Header.Set("Content-Type", plainJSON)
		answer := httptest.NewRecorder()
		r.ServeHTTP(answer, req)
		return answer.Body.String()
	}
	const good = "correct+horse+battery+staple"
	said := send(good, quayBody) + send(good, `{"docker_url":12345,"updated_tags":["hunter2"]}`) + send(good, "hunter2") + send("hunter2", quayBody)
	for _, hidden := range []string{"horse", "hunter2", "12345"} {
		if strings.Contains(log.String(), hidden) || strings.Contains(said, hidden) {
			t.Errorf("%q is shown; log:\n%s\nanswers:\n%s", hidden, &log, said)
		}
	}
	if !strings.Contains(log.String(), "quay.io/acme/web") || !strings.Contains(log.String(), "isn't understood") {
		t.Errorf("the log doesn't tell what came:\n%s", &log)
	}
}
