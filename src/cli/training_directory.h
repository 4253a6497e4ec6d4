/*
 * The directory of a training: the model it ends in, and what lets it go on until then.
 *
 * training.json says what the training is of and how it ended, training.jsonl holds the loss curve,
 * trainer.state where it stands (docs/formats/trainer.md; it goes when the model is there). All are
 * replaced whole. Nothing in them depends on time or threads.
 */
#ifndef WS_CLI_TRAINING_DIRECTORY_H
#define WS_CLI_TRAINING_DIRECTORY_H

#include "base/json.h"
#include "cli/training_input.h"

struct training_directory {
    struct ws_arena arena;
    const char *path;
    enum ws_dtype save_type; /* of the model */
    const char *record;      /* training.json */
    const char *curve;       /* training.jsonl */
    const char *state;       /* trainer.state */
    const char *lock_path;
    int lock;
    bool made; /* it was not there before */
};

/* Makes and locks it; `save_type` is what the model's numbers are to be stored as. WS_CONFLICT when
 * it holds something else, WS_BUSY when somebody trains there. The caller closes it, also after a
 * failure; what never became a training's then goes. */
WS_MUST_CHECK enum ws_status training_directory_open(const char *path, enum ws_dtype save_type,
                                                     struct training_directory *out,
                                                     struct ws_error *err);
void training_directory_close(struct training_directory *directory);

/* Goes on from what is there, if anything. `complete`: nothing is left to do. WS_CONFLICT when it
 * is of another training, or complete with a model of another type; for a damaged state the message
 * says what to do. */
WS_MUST_CHECK enum ws_status training_directory_resume(const struct training_directory *directory,
                                                       struct ws_trainer *trainer, bool *complete,
                                                       struct ws_error *err);
WS_MUST_CHECK enum ws_status training_directory_save(const struct training_directory *directory,
                                                     struct ws_trainer *trainer,
                                                     struct ws_error *err);
/* Writes the model, the tokenizer and the results; the state goes. The trainer is closed, for a
 * large model is not to be held so many times. WS_LIMIT when the type has no room for a number;
 * then the state is there, and another type may be given. */
WS_MUST_CHECK enum ws_status training_directory_finish(const struct training_directory *directory,
                                                       struct ws_trainer *trainer,
                                                       const struct training_input *input,
                                                       struct ws_error *err);

/* How a complete training went, as training.json says; the caller gives it back with json_decref.
 */
WS_MUST_CHECK enum ws_status training_directory_results(const struct training_directory *directory,
                                                        json_t **out, struct ws_error *err);

#endif
