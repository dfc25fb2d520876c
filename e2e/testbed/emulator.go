package testbed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strconv"

	"github.com/towline-dev/towline/e2e/testbed/openapi"
	"github.com/towline-dev/towline/e2e/testbed/process"
)

// EmulatorServer is an emulated GitHub with one repository, behind a proxy that
// holds every request and every answer against GitHub's own description. It
// serves no Git.
type EmulatorServer struct {
	Server
	// URL is where the API is, without a slash at its end. Unlike that of a
	// GitHub Enterprise Server it has no /api/v3.
	URL string
	// Token is the owner's.
	Token string
	// Owner and Repo are the path of a repository with one commit on main.
	Owner, Repo string
	// App is a GitHub App that is installed for the owner.
	App EmulatorApp

	proxy *validator
}

// EmulatorApp is what a GitHub App has to know in order to authenticate.
type EmulatorApp struct {
	ID, InstallationID int64
	// PrivateKey is in PEM.
	PrivateKey []byte
}

// Emulator starts an emulated GitHub that ends with the test. The test fails
// when a request of its, or an answer, doesn't fit GitHub's description, but for
// the deviations that are known.
// Without npm or node the test is skipped.
func Emulator(tb TB) *EmulatorServer {
	tb.Helper()
	if lacks := missing([]string{"node", "npm"}); lacks != "" {
		tb.Skipf("SKIPPED, as this machine has no %s to run the GitHub emulator with", lacks)
	}
	server, err := StartEmulator(tb.Context(), nil)
	if err != nil {
		tb.Fatalf("%v", err)
	}
	stopAfter(tb, "the GitHub emulator", server)
	tb.Cleanup(func() {
		for _, violation := range unknown(server.Violations()) {
			tb.Errorf("%v", violation)
		}
	})
	return server
}

// StartEmulator starts an emulated GitHub. The installation of the emulator is
// told of on progress; nil means standard error. It is for the caller to call
// Stop.
func StartEmulator(ctx context.Context, progress io.Writer) (*EmulatorServer, error) {
	script, err := installEmulator(ctx, progress)
	if err != nil {
		return nil, err
	}
	dir, err := newDir("", "github")
	if err != nil {
		return nil, err
	}
	e := &EmulatorServer{
		Owner: "towline", Repo: "deploy", Token: "emulated-token",
		App:    EmulatorApp{ID: 4711, InstallationID: 815},
		Server: Server{dir: dir},
	}
	if err := e.startWith(ctx, script); err != nil {
		return nil, errors.Join(err, dir.remove())
	}
	return e, nil
}

// startWith starts the proxy, whose address the emulator writes into its
// answers, and then the emulator.
func (e *EmulatorServer) startWith(ctx context.Context, script string) error {
	var err error
	if e.App.PrivateKey, err = newPrivateKey(); err != nil {
		return fmt.Errorf("making the key of the GitHub App: %w", err)
	}
	if e.proxy, err = startValidator(ctx); err != nil {
		return err
	}
	e.URL = e.proxy.url
	err = onFreePort(ctx, func(address string) error { return e.startAt(ctx, script, address) })
	if err != nil {
		return errors.Join(err, e.proxy.close())
	}
	return nil
}

func (e *EmulatorServer) startAt(ctx context.Context, script, address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	ready, config := e.dir.file("ready"), e.dir.file("config.json")
	data, err := json.Marshal(map[string]any{"port": number, "ready": ready, "baseUrl": e.URL, "seed": e.seed()})
	if err != nil {
		return err
	}
	if err := os.WriteFile(config, data, 0o600); err != nil {
		return err
	}
	e.proxy.target.Store(&address)
	e.spec = process.Spec{Name: "the GitHub emulator", Path: "node", Args: []string{script, config}, Log: e.dir.file("emulator.log")}
	e.before = func() error {
		if err := os.Remove(ready); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	e.ready = func(context.Context) error {
		_, err := os.Stat(ready)
		return err
	}
	return e.start(ctx)
}

// seed is what the emulator holds when it starts; it keeps nothing on disk.
func (e *EmulatorServer) seed() map[string]any {
	permissions := map[string]string{"contents": "write", "pull_requests": "write", "statuses": "write", "metadata": "read"}
	return map[string]any{
		"tokens": map[string]any{e.Token: map[string]any{"login": e.Owner, "scopes": []string{"repo", "user"}}},
		"github": map[string]any{
			"users": []any{
				map[string]any{"login": e.Owner, "email": e.Owner + "@example.test"},
				map[string]any{"login": "reviewer", "email": "reviewer@example.test"},
			},
			"repos": []any{map[string]any{"owner": e.Owner, "name": e.Repo, "auto_init": true}},
			"apps": []any{map[string]any{
				"app_id": e.App.ID, "slug": "towline", "name": "Towline", "private_key": string(e.App.PrivateKey),
				"permissions": permissions,
				"installations": []any{map[string]any{
					"installation_id": e.App.InstallationID, "account": e.Owner, "permissions": permissions,
				}},
			}},
		},
	}
}

// Violations returns what hasn't fitted GitHub's description up to now.
func (e *EmulatorServer) Violations() []openapi.Violation { return e.proxy.all() }

// Stop ends the emulator and its proxy.
func (e *EmulatorServer) Stop() error {
	return errors.Join(e.Server.Stop(), e.proxy.close())
}
