package crash_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/towline-dev/towline/reconciler"
	"github.com/towline-dev/towline/reconciler/build/plain"
	"github.com/towline-dev/towline/reconciler/build/render"
)

// orderEnv makes this test binary a reconciler that follows the order in it.
const orderEnv = "TOWLINE_TEST_ORDER"

// order says what a reconciler works on and where it dies. Zero means never.
type order struct {
	Kubeconfig, Namespace, Cache string

	Step  int    // after that many steps
	Write int    // around that many writes
	Early bool   // before the write is sent, and not after it was answered
	Of    string // what the writes that count have in their path
}

// live reconciles until it dies, or until its parent does.
func live(ctx context.Context, log *slog.Logger) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var o order
	if err := json.Unmarshal([]byte(os.Getenv(orderEnv)), &o); err != nil {
		return fmt.Errorf("reading the order: %w", err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", o.Kubeconfig)
	if err != nil {
		return err
	}
	steps, writes := &countdown{left: o.Step}, &countdown{left: o.Write}
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return mortalTransport{next: next, order: o, writes: writes}
	})
	go func() { // the parent's death closes our input
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return reconciler.Run(ctx, reconciler.Config{
		REST: config, CacheDir: o.Cache, Namespace: o.Namespace, Log: log,
		Builder:  render.New(render.Config{Kinds: []render.Kind{{Name: "plain", Builder: plain.Builder{}}}}),
		RetryMin: 100 * time.Millisecond, RetryMax: time.Second,
		Step: func(types.NamespacedName, string) { steps.down() },
	})
}

// countdown kills the process when it reaches zero.
type countdown struct {
	mu   sync.Mutex
	left int
}

func (c *countdown) down() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL) // what an error would leave alive, the test finds alive
		select {}                                      // the signal is on its way
	}
}

// mortalTransport counts what is written.
type mortalTransport struct {
	next   http.RoundTripper
	order  order
	writes *countdown
}

func (m mortalTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	counts := request.Method != http.MethodGet && !strings.Contains(request.URL.Path, "/events") && strings.Contains(request.URL.Path, m.order.Of)
	if counts && m.order.Early {
		m.writes.down()
	}
	response, err := m.next.RoundTrip(request)
	if counts && !m.order.Early && err == nil {
		m.writes.down()
	}
	return response, err
}
