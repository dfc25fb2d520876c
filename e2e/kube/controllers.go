package main

import (
	"context"

	managerapp "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	manageroptions "k8s.io/kubernetes/cmd/kube-controller-manager/app/options"
	schedulerapp "k8s.io/kubernetes/cmd/kube-scheduler/app"
	scheduleroptions "k8s.io/kubernetes/cmd/kube-scheduler/app/options"
)

// startControllerManager starts kube-controller-manager with all controllers
// that are on by default.
func startControllerManager(ctx context.Context, kubeconfig string, keys keyDir) (component, error) {
	opts, err := manageroptions.NewKubeControllerManagerOptions()
	if err != nil {
		return component{}, err
	}
	known, disabled, aliases := managerapp.KnownControllers(), managerapp.ControllersDisabledByDefault(), managerapp.ControllerAliases()
	flags := opts.Flags(known, disabled, aliases)
	opts.ParsedFlags = &flags
	err = parseFlags("kube-controller-manager", flags, []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false",
		"--service-account-private-key-file=" + keys.file("sa.key"), "--root-ca-file=" + keys.file("ca.crt"),
		"--cluster-signing-cert-file=" + keys.file("ca.crt"), "--cluster-signing-key-file=" + keys.file("ca.key"),
		"--use-service-account-credentials=true", "--service-cluster-ip-range=" + serviceRange,
		// With the usual rate limit the default ServiceAccount of a new
		// namespace takes five seconds.
		"--kube-api-qps=1000", "--kube-api-burst=2000",
		"--controller-start-interval=0s", "--profiling=false",
	})
	if err != nil {
		return component{}, err
	}
	config, err := opts.Config(ctx, known, disabled, aliases)
	if err != nil {
		return component{}, err
	}
	return goRun("kube-controller-manager", func() error { return managerapp.Run(ctx, config.Complete()) }), nil
}

// startScheduler starts kube-scheduler.
func startScheduler(ctx context.Context, kubeconfig string) (component, error) {
	opts := scheduleroptions.NewOptions()
	err := parseFlags("kube-scheduler", *opts.Flags, []string{
		"--kubeconfig=" + kubeconfig, "--authentication-kubeconfig=" + kubeconfig, "--authorization-kubeconfig=" + kubeconfig,
		"--bind-address=127.0.0.1", "--secure-port=0", "--leader-elect=false",
	})
	if err != nil {
		return component{}, err
	}
	config, scheduler, err := schedulerapp.Setup(ctx, opts)
	if err != nil {
		return component{}, err
	}
	return goRun("kube-scheduler", func() error { return schedulerapp.Run(ctx, config, scheduler) }), nil
}
