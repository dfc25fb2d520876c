package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	v1 "github.com/towline-dev/towline/reconciler/api/v1"
	"github.com/towline-dev/towline/reconciler/apply"
	"github.com/towline-dev/towline/reconciler/inspect"
)

func newSuspend(p process) *cobra.Command {
	a, reason := ask{kube: kubeFlags{process: p}, done: "suspended"}, ""
	cmd := &cobra.Command{
		Use:   "suspend NAME... | --all",
		Short: "Stop applying, pruning and healing for Syncs",
		Long: `Sets spec.suspend: nothing is applied, pruned or healed for the Sync until it is resumed.
A reason is kept beside it and shown by towline status.`,
		Example: `  towline suspend shop --reason "moving the database"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.run(cmd, args, func(ctx context.Context, client *inspect.Client, s *v1.Sync) (string, error) {
				warnManaged(cmd, s, "suspend")
				return "", client.Suspend(ctx, s, reason)
			})
		},
	}
	a.add(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, for those who wonder")
	return cmd
}

func newResume(p process) *cobra.Command {
	a := ask{kube: kubeFlags{process: p}, done: "resumed", waits: &waitFlags{}}
	cmd := &cobra.Command{
		Use:   "resume NAME... | --all",
		Short: "Go on with suspended Syncs",
		Long: `Takes spec.suspend back and asks for a reconciliation at once. With --wait it shows how
that goes, as towline sync --wait does. Syncs that aren't suspended are left alone.`,
		Example: "  towline resume shop --wait",
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.run(cmd, args, func(ctx context.Context, client *inspect.Client, s *v1.Sync) (string, error) {
				if !s.Spec.Suspend {
					say(cmd.ErrOrStderr(), "%s/%s isn't suspended", s.Namespace, s.Name)
					return "", errLeftAlone
				}
				warnManaged(cmd, s, "resume")
				return client.Resume(ctx, s)
			})
		},
	}
	a.add(cmd)
	return cmd
}

// warnManaged tells of a Sync that another one owns: where that sets spec.suspend, what is
// done here is healed away.
func warnManaged(cmd *cobra.Command, s *v1.Sync, verb string) {
	if s.Labels[apply.PartOfLabel] == "" {
		return
	}
	note(cmd, fmt.Sprintf("note: %s/%s is itself owned by another Sync: where its manifest has spec.suspend, this is healed back; %s that one too, or change it in Git",
		s.Namespace, s.Name, verb))
}
