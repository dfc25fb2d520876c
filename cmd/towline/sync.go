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

// errPatience ends a wait that --timeout bounds.
var errPatience = errors.New("the time is over (hint: --timeout)")

// waitFlags are those of commands that may wait for the outcome.
type waitFlags struct {
	wait    bool
	timeout time.Duration
}

func (f *waitFlags) add(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.wait, "wait", false, "wait until it is applied and healthy; exit with 1 where that fails")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Minute, "how long --wait waits")
}

func newSync(p process) *cobra.Command {
	var (
		all   bool
		waits waitFlags
		kube  = kubeFlags{process: p}
	)
	cmd := &cobra.Command{
		Use:   "sync NAME... | --all",
		Short: "Have Syncs look at their repository at once",
		Long: `Asks the reconciler to fetch, render and apply at once, by an annotation on the Sync. With
--wait it shows how that goes on standard error, and exits with 1 and the reason where it
fails, or isn't done within --timeout.`,
		Example: `  towline sync shop --wait
  towline sync --all -n towline-system --wait --timeout 10m`,
		Args:              namesOrAll(&all),
		ValidArgsFunction: kube.complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			client, syncs, err := kube.several(cmd.Context(), args, all)
			if err != nil {
				return err
			}
			var asked []wish
			var errs []error
			for _, s := range syncs {
				if all && s.Spec.Suspend {
					say(cmd.ErrOrStderr(), "%s/%s is suspended and left alone", s.Namespace, s.Name)
					continue
				}
				value, err := client.Request(cmd.Context(), s)
				if err != nil {
					errs = append(errs, err)
					continue
				}
				asked = append(asked, wish{s, value})
			}
			return errors.Join(append(errs, conclude(cmd, client, asked, waits, "requested"))...)
		},
	}
	kube.add(cmd)
	kube.addEverywhere(cmd)
	waits.add(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "all Syncs of the namespace")
	return cmd
}

// wish is what was asked of one Sync.
type wish struct {
	sync  *v1.Sync
	value string
}

// conclude prints what was asked for, or, with --wait, what came of it.
func conclude(cmd *cobra.Command, client *inspect.Client, wishes []wish, f waitFlags, done string) error {
	if !f.wait {
		for _, w := range wishes {
			if err := printDone(cmd.OutOrStdout(), w.sync, done); err != nil {
				return err
			}
		}
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(cmd.Context(), f.timeout, errPatience)
	defer cancel()
	outcomes, errs := make([]inspect.Summary, len(wishes)), make([]error, len(wishes))
	var group sync.WaitGroup
	progress := &progress{to: cmd.ErrOrStderr()}
	for i, w := range wishes {
		group.Go(func() { outcomes[i], errs[i] = client.Await(ctx, w.sync, w.value, progress.show) })
	}
	group.Wait()
	for i, s := range outcomes {
		if errs[i] != nil {
			continue
		}
		if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s/%s is ready at %s\n", s.Namespace, s.Name, printable(inspect.ShortRevision(s.Revision))); err != nil {
			return err
		}
	}
	return errors.Join(errs...)
}

// printDone tells what was done to a Sync, as kubectl does.
func printDone(w io.Writer, s *v1.Sync, done string) error {
	_, err := fmt.Fprintf(w, "sync.%s/%s %s\n", v1.Group, s.Name, done)
	return err
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
