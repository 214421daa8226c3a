// What each family of the metrics page says of itself.

/// The `# HELP` line of every family; a test fails for one that is on the page and not here, or here and not there.
package let metricHelp: [String: String] = [
    // Requests
    "linchpin_requests_total": "Requests answered, by route and status; 499 where the caller had left.",
    "linchpin_errors_total": "Requests answered with an error as a whole, by its code.",
    "linchpin_request_seconds": "From a request's last byte to its answer's first, by route.",
    "linchpin_tokenize_seconds": "Text into tokens, all rollouts of a request.",
    "linchpin_queue_seconds": "From a request's tokens to the first round that computes some of them.",
    "linchpin_kernel_seconds": "From a request's first round to the end of its last.",
    // Rollouts and tokens
    "linchpin_rollouts_total": "Rollouts that were scored, or that failed by themselves.",
    "linchpin_rollout_errors_total": "Rollouts that failed by themselves, by the code of their error.",
    "linchpin_unscored_rollouts_total": "Rollouts given up with their request, by reason; none of unread bodies.",
    "linchpin_dropped_rollouts_total": "Rollouts taken out of the queue before they were computed.",
    "linchpin_cached_rollouts_total": "Rollouts scored with tokens that needed no computing.",
    "linchpin_tokens_total": "Tokens of the rollouts that were scored.",
    "linchpin_cached_tokens_total": "Tokens of answered rollouts that needed no computing.",
    "linchpin_computed_tokens_total": "Tokens that rounds computed; there is no padding among them.",
    "linchpin_computed_tokens_per_second": "Tokens computed a second of kernel time, over the latest rounds.",
    "linchpin_reward": "Rewards of steps, by model and the scale of its numbers.",
    // The queue
    "linchpin_queue_requests": "Requests in the queue or in a round.",
    "linchpin_queue_rollouts": "Rollouts that wait for a round.",
    "linchpin_queue_tokens": "Tokens that wait for a round, before sharing.",
    "linchpin_waiting_requests": "Requests that wait until the queue has room.",
    "linchpin_waiting_rollouts": "Rollouts that wait until the queue has room.",
    "linchpin_waiting_tokens": "Tokens that wait until the queue has room.",
    "linchpin_running_rollouts": "Rollouts in the round that runs.",
    "linchpin_running_tokens": "Tokens of the round that runs.",
    "linchpin_batches_total": "Rounds that ended, well or not.",
    "linchpin_batch_fill_ratio": "Tokens of a round over --max-batch-tokens; an idle model's probes are rounds too.",
    "linchpin_kernel_busy_seconds_total": "Time in which a round ran.",
    "linchpin_slots_in_use": "Tokens whose keys and values are held.",
    "linchpin_slots_kept": "Those among them that are held for later requests alone.",
    // The model
    "linchpin_model_info": "1 of the model that is served, 0 of those before it.",
    "linchpin_model_reloads_total": "Reloads, by what came of them.",
    // Connections
    "linchpin_open_connections": "Connections that are open.",
    "linchpin_accepted_connections_total": "Connections that were taken.",
    "linchpin_failed_handshakes_total": "Connections without a TLS handshake.",
    "linchpin_refused_requests_total": "Requests that HTTP itself refuses; their route is refused.",
    "linchpin_turned_away_requests_total": "Requests answered by their head, before their body was read.",
    "linchpin_paused_accepts_total": "Times that connections had to wait for a descriptor.",
    "linchpin_body_bytes": "Memory of the bodies that are being read or answered.",
    "linchpin_clients_gone_total": "Connections whose client left before its answer was out.",
    // The process
    "linchpin_build_info": "Always 1; the version that runs.",
    "linchpin_dropped_log_lines_total": "Lines of the log that nobody took in time.",
    "process_cpu_seconds_total": "Processor time, of the user and the system.",
    "process_start_time_seconds": "When the process started, since 1970.",
    "process_resident_memory_bytes": "Memory that is resident.",
    "process_virtual_memory_bytes": "Memory that is mapped.",
    "process_open_fds": "Descriptors that are open.",
    "process_max_fds": "Descriptors that may be open.",
]
