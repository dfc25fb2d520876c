package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/inspect"
)

var (
	// errPatience ends a wait that --timeout bounds.
	errPatience = errors.New("the time is over (hint: --timeout)")
	// errLeftAlone is no failure: there was nothing to ask of the Sync, which was said.
	errLeftAlone = errors.New("left alone")
)

// ask is what the commands share that ask something of one or more Syncs.
type ask struct {
	kube  kubeFlags
	done  string     // what was done, as kubectl would say it
	waits *waitFlags // nil where there is nothing to wait for
	all   bool
	out   format
}

// waitFlags are those of commands that may wait for the outcome.
type waitFlags struct {
	wait    bool
	timeout time.Duration
}

// wish is what was asked of one Sync.
type wish struct {
	sync  *v1.Sync
	value string // of the request that is waited for
}

func (a *ask) add(cmd *cobra.Command) {
	cmd.Args, cmd.ValidArgsFunction = namesOrAll(&a.all), a.kube.complete
	addFormat(cmd, &a.out)
	a.kube.add(cmd)
	a.kube.addEverywhere(cmd)
	cmd.Flags().BoolVar(&a.all, "all", false, "all Syncs of the namespace")
	if a.waits != nil {
		cmd.Flags().BoolVar(&a.waits.wait, "wait", false, "wait until it is applied and healthy; exit with 1 where that fails")
		cmd.Flags().DurationVar(&a.waits.timeout, "timeout", 5*time.Minute, "how long --wait waits")
	}
}

// run asks each Sync, waits for all of them side by side where that is wished, and prints
// how they stand. One that fails holds no other up.
func (a *ask) run(cmd *cobra.Command, args []string, each func(context.Context, *inspect.Client, *v1.Sync) (value string, err error)) error {
	client, syncs, err := a.kube.several(cmd.Context(), args, a.all)
	if err != nil {
		return err
	}
	var wishes []wish
	var errs []error
	for _, s := range syncs {
		value, err := each(cmd.Context(), client, s)
		switch {
		case errors.Is(err, errLeftAlone):
		case err != nil:
			errs = append(errs, err)
		default:
			wishes = append(wishes, wish{s, value})
		}
	}
	outcomes, failures := a.outcomes(cmd, client, wishes)
	errs = append(errs, failures...)
	return errors.Join(append(errs, a.tell(cmd.OutOrStdout(), outcomes, failures))...)
}

// outcomes gives how each Sync stands after what was asked, and with --wait after what
// came of it; an error that is nil says that it came well.
func (a *ask) outcomes(cmd *cobra.Command, client *inspect.Client, wishes []wish) ([]inspect.Summary, []error) {
	outcomes, errs := make([]inspect.Summary, len(wishes)), make([]error, len(wishes))
	for i, w := range wishes {
		outcomes[i] = inspect.Summarise(w.sync)
	}
	if a.waits == nil || !a.waits.wait {
		return outcomes, errs
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), a.waits.timeout, errPatience)
	defer cancel()
	var group sync.WaitGroup
	progress := &progress{to: cmd.ErrOrStderr()}
	for i, w := range wishes {
		group.Go(func() {
			var last inspect.Summary
			if last, errs[i] = client.Await(ctx, w.sync, w.value, progress.show); last.Name != "" {
				outcomes[i] = last
			}
		})
	}
	group.Wait()
	return outcomes, errs
}

// tell writes the outcomes as they are, or one line for each that isn't told as an error.
func (a *ask) tell(w io.Writer, outcomes []inspect.Summary, failures []error) error {
	if out := a.out; out != "table" {
		return out.print(w, outcomes, nil)
	}
	for i, s := range outcomes {
		line := fmt.Sprintf("sync.%s/%s %s", v1.Group, s.Name, a.done)
		if a.waits != nil && a.waits.wait {
			line = fmt.Sprintf("%s/%s is ready at %s", s.Namespace, s.Name, printable(inspect.ShortRevision(s.Revision)))
		}
		if failures[i] != nil {
			continue
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

// progress tells how several Syncs fare, each news once.
type progress struct {
	mu   sync.Mutex
	to   io.Writer
	said map[string]string
}

func (p *progress) show(s inspect.Summary) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key, text := s.Namespace+"/"+s.Name, joined(": ", s.Reason, s.Message)
	if p.said == nil {
		p.said = map[string]string{}
	}
	if p.said[key] == text {
		return
	}
	p.said[key] = text
	say(p.to, "%s: %s", key, text)
}
