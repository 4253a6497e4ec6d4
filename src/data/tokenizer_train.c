/*
 * Training: again and again the pair of tokens that stands in the words most often becomes a token,
 * of equally frequent ones the pair with the smaller ids (the order of the library's BpeTrainer).
 *
 * Merges are made in all words alike, so the bytes of a token were joined in the same order
 * wherever it stands: a token comes from one pair only, and a pair arises in one step only, the
 * one that makes the younger of its tokens. The words to look at when it is merged are those in
 * which it arose then.
 */
#include <string.h>

#include "base/text_set.h"
#include "data/tokenizer_internal.h"

enum { MOST_ITEMS = 1 << 30 }; /* distinct words, and pairs */

/* A distinct word of the text. */
struct word {
    uint32_t size;  /* bytes */
    uint32_t count; /* tokens that are left */
    uint64_t times;
    size_t start; /* of its bytes in `letters`, and of its tokens in `symbols` */
};

struct pair {
    uint32_t left, right;
    uint64_t times;
    uint32_t last_word;  /* 1 + the last word in which it arose; 0: none */
    uint32_t word_count; /* words in which it arose, */
    uint32_t listed;     /* how many of them are listed, */
    size_t list;         /* and where in `lists` */
};

/* A pair, and a word in which it arose. */
struct arising {
    uint32_t pair, word;
};

struct queued {
    uint64_t times; /* when it was queued */
    uint32_t left, right, pair;
};

struct slot {
    uint32_t hash;
    uint32_t item; /* 1 + index; 0: empty */
};

struct table {
    struct slot *slots;
    size_t capacity; /* a power of two */
    size_t used;
};

struct ws_tokenizer_training {
    const struct ws_allocator *allocator; /* of this struct */
    uint32_t wanted;                      /* tokens in the end */
    uint32_t special_count;
    struct ws_arena scratch;
    struct ws_text_set texts; /* of the tokens, spelt, by id */
    uint32_t bytes[256];      /* their ids */
    struct table word_table, pair_table;
    struct ws_buffer words;   /* struct word */
    struct ws_buffer letters; /* their bytes, word behind word */
    struct ws_buffer pairs;   /* struct pair */
    struct ws_buffer arisen;  /* struct arising, of this step */
    struct ws_buffer lists;   /* uint32_t: words, list behind list */
    struct ws_buffer queue;   /* struct queued: a heap */
    struct ws_buffer merges;  /* struct ws_merge */
    struct ws_buffer text;    /* of a new token */
    uint32_t *symbols;        /* the tokens of the words, each in the room of its bytes */
    struct ws_error *err;
};

#define BUFFERS(t)                                                                                 \
    &(t)->words, &(t)->letters, &(t)->pairs, &(t)->arisen, &(t)->lists, &(t)->queue, &(t)->merges, \
        &(t)->text
#define ITEMS(buffer, type)      ((type *)(void *)(buffer).data)
#define ITEM_COUNT(buffer, type) ((buffer).size / sizeof(type))

static enum ws_status no_memory(const struct ws_tokenizer_training *t)
{
    return ws_fail_memory(t->err, "training a tokenizer");
}

/* Makes room for one more item. */
static enum ws_status reserve(struct ws_tokenizer_training *t, struct table *table)
{
    enum { FIRST_SLOTS = 1024 };
    if (table->used == MOST_ITEMS)
        return ws_fail(t->err, WS_LIMIT, "more than %d distinct words or pairs to train on",
                       MOST_ITEMS);
    if (2 * (table->used + 1) <= table->capacity)
        return WS_OK;
    size_t capacity = table->capacity ? 2 * table->capacity : FIRST_SLOTS;
    struct slot *slots = WS_ARENA_ZNEW(&t->scratch, struct slot, capacity);
    if (!slots)
        return no_memory(t);
    for (size_t i = 0; i < table->capacity; i++) {
        if (!table->slots[i].item)
            continue;
        size_t at = table->slots[i].hash & (capacity - 1);
        while (slots[at].item)
            at = (at + 1) & (capacity - 1);
        slots[at] = table->slots[i];
    }
    table->slots = slots;
    table->capacity = capacity;
    return WS_OK;
}

/* Words ---------------------------------------------------------------------------------------- */

static struct slot *find_word(struct ws_tokenizer_training *t, struct ws_bytes word, uint32_t hash)
{
    struct table *table = &t->word_table;
    for (size_t at = hash & (table->capacity - 1);; at = (at + 1) & (table->capacity - 1)) {
        struct slot *slot = &table->slots[at];
        if (!slot->item)
            return slot;
        const struct word *there = &ITEMS(t->words, struct word)[slot->item - 1];
        if (slot->hash == hash && there->size == word.size &&
            memcmp(t->letters.data + there->start, word.data, word.size) == 0)
            return slot;
    }
}

static enum ws_status count_word(struct ws_tokenizer_training *t, struct ws_bytes word)
{
    if (word.size > UINT32_MAX)
        return ws_fail(t->err, WS_LIMIT, "a word of %zu bytes, wanted at most 4 GiB", word.size);
    WS_TRY(reserve(t, &t->word_table));
    uint32_t hash = ws_word_hash(word);
    struct slot *slot = find_word(t, word, hash);
    if (!slot->item) {
        struct word new_word = {.size = (uint32_t)word.size, .start = t->letters.size};
        ws_buffer_append(&t->words, &new_word, sizeof new_word);
        ws_buffer_append(&t->letters, word.data, word.size);
        if (t->words.status != WS_OK || t->letters.status != WS_OK)
            return no_memory(t);
        *slot = (struct slot){hash, (uint32_t)++t->word_table.used};
    }
    ITEMS(t->words, struct word)[slot->item - 1].times++;
    return WS_OK;
}

static enum ws_status count_words_of_line(struct ws_tokenizer_training *t, struct ws_bytes line)
{
    while (line.size > 0) {
        size_t size = ws_split_piece(WS_SPLIT_WORDS, line);
        WS_TRY(count_word(t, ws_bytes_of(line.data, size)));
        line = ws_bytes_of(line.data + size, line.size - size);
    }
    return WS_OK;
}

static enum ws_status count_words(struct ws_tokenizer_training *t, struct ws_bytes text)
{
    while (text.size > 0) {
        const uint8_t *newline = memchr(text.data, '\n', text.size);
        size_t size = newline ? (size_t)(newline - text.data) + 1 : text.size;
        WS_TRY(count_words_of_line(t, ws_bytes_of(text.data, size)));
        text = ws_bytes_of(text.data + size, text.size - size);
    }
    return WS_OK;
}

static enum ws_status lay_out_symbols(struct ws_tokenizer_training *t)
{
    struct word *words = ITEMS(t->words, struct word);
    size_t count = ITEM_COUNT(t->words, struct word);
    t->symbols = WS_ARENA_NEW(&t->scratch, uint32_t, t->letters.size);
    if (!t->symbols)
        return no_memory(t);
    for (size_t i = 0; i < count; i++)
        words[i].count = words[i].size;
    for (size_t i = 0; i < t->letters.size; i++)
        t->symbols[i] = t->bytes[(uint8_t)t->letters.data[i]];
    return WS_OK;
}

/* The queue ------------------------------------------------------------------------------------ */

static bool comes_first(const struct queued *a, const struct queued *b)
{
    if (a->times != b->times)
        return a->times > b->times;
    return a->left != b->left ? a->left < b->left : a->right < b->right;
}

static enum ws_status push(struct ws_tokenizer_training *t, struct queued item)
{
    size_t at = ITEM_COUNT(t->queue, struct queued);
    if (!ws_buffer_extend(&t->queue, sizeof item))
        return no_memory(t);
    struct queued *heap = ITEMS(t->queue, struct queued);
    while (at > 0 && comes_first(&item, &heap[(at - 1) / 2])) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = item;
    return WS_OK;
}

static struct queued pop(struct ws_tokenizer_training *t)
{
    struct queued *heap = ITEMS(t->queue, struct queued);
    size_t count = ITEM_COUNT(t->queue, struct queued) - 1;
    struct queued top = heap[0];
    struct queued last = heap[count];
    size_t at = 0;
    for (size_t child = 1; child < count; child = 2 * at + 1) {
        if (child + 1 < count && comes_first(&heap[child + 1], &heap[child]))
            child++;
        if (!comes_first(&heap[child], &last))
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    t->queue.size -= sizeof *heap;
    return top;
}

/* Pairs ---------------------------------------------------------------------------------------- */

static uint32_t hash_pair(uint32_t left, uint32_t right)
{
    uint32_t both[] = {left, right};
    return ws_word_hash(ws_bytes_of(both, sizeof both));
}

/* The index of the pair, which is added when it is new. */
static enum ws_status find_pair(struct ws_tokenizer_training *t, uint32_t left, uint32_t right,
                                uint32_t *out)
{
    WS_TRY(reserve(t, &t->pair_table));
    struct table *table = &t->pair_table;
    uint32_t hash = hash_pair(left, right);
    size_t at = hash & (table->capacity - 1);
    for (; table->slots[at].item; at = (at + 1) & (table->capacity - 1)) {
        const struct pair *there = &ITEMS(t->pairs, struct pair)[table->slots[at].item - 1];
        if (there->left == left && there->right == right)
            break;
    }
    struct slot *slot = &table->slots[at];
    if (!slot->item) {
        struct pair new_pair = {.left = left, .right = right};
        ws_buffer_append(&t->pairs, &new_pair, sizeof new_pair);
        if (t->pairs.status != WS_OK)
            return no_memory(t);
        *slot = (struct slot){hash, (uint32_t)++table->used};
    }
    *out = slot->item - 1;
    return WS_OK;
}

/* One more place with the pair in each of the word's occurrences. */
static enum ws_status add_pair(struct ws_tokenizer_training *t, uint32_t left, uint32_t right,
                               uint32_t word)
{
    uint32_t index;
    WS_TRY(find_pair(t, left, right, &index));
    struct pair *pair = &ITEMS(t->pairs, struct pair)[index];
    pair->times += ITEMS(t->words, struct word)[word].times;
    if (pair->last_word == word + 1)
        return WS_OK;
    pair->last_word = word + 1;
    pair->word_count++;
    struct arising arising = {index, word};
    ws_buffer_append(&t->arisen, &arising, sizeof arising);
    return t->arisen.status == WS_OK ? WS_OK : no_memory(t);
}

static enum ws_status remove_pair(struct ws_tokenizer_training *t, uint32_t left, uint32_t right,
                                  uint32_t word)
{
    uint32_t index;
    WS_TRY(find_pair(t, left, right, &index));
    ITEMS(t->pairs, struct pair)[index].times -= ITEMS(t->words, struct word)[word].times;
    return WS_OK;
}

/* Lists a word of a pair; with the last one the pair is queued. */
static enum ws_status list_word(struct ws_tokenizer_training *t, struct arising arising)
{
    struct pair *pair = &ITEMS(t->pairs, struct pair)[arising.pair];
    if (pair->listed == 0) {
        pair->list = ITEM_COUNT(t->lists, uint32_t);
        if (!ws_buffer_extend(&t->lists, pair->word_count * sizeof(uint32_t)))
            return no_memory(t);
    }
    ITEMS(t->lists, uint32_t)[pair->list + pair->listed++] = arising.word;
    if (pair->listed < pair->word_count || pair->times == 0)
        return WS_OK;
    return push(t, (struct queued){pair->times, pair->left, pair->right, arising.pair});
}

static enum ws_status queue_arisen(struct ws_tokenizer_training *t)
{
    size_t count = ITEM_COUNT(t->arisen, struct arising);
    for (size_t i = 0; i < count; i++)
        WS_TRY(list_word(t, ITEMS(t->arisen, struct arising)[i]));
    ws_buffer_reset(&t->arisen);
    return WS_OK;
}

static enum ws_status count_pairs(struct ws_tokenizer_training *t)
{
    size_t count = ITEM_COUNT(t->words, struct word);
    for (size_t i = 0; i < count; i++) {
        const struct word *word = &ITEMS(t->words, struct word)[i];
        const uint32_t *symbols = t->symbols + word->start;
        for (uint32_t k = 0; k + 1 < word->count; k++)
            WS_TRY(add_pair(t, symbols[k], symbols[k + 1], (uint32_t)i));
    }
    return queue_arisen(t);
}

/* Merging -------------------------------------------------------------------------------------- */

/* In one word, from the left. The pair itself is done with: nobody asks for its times again. */
static enum ws_status merge_in_word(struct ws_tokenizer_training *t, uint32_t index,
                                    const struct ws_merge *merge)
{
    const uint32_t left = merge->left, right = merge->right, product = merge->product;
    struct word *word = &ITEMS(t->words, struct word)[index];
    uint32_t *symbols = t->symbols + word->start;
    uint32_t done = 0;
    for (uint32_t at = 0; at < word->count;) {
        if (at + 1 == word->count || symbols[at] != left || symbols[at + 1] != right) {
            symbols[done++] = symbols[at++];
            continue;
        }
        if (done > 0) {
            WS_TRY(remove_pair(t, symbols[done - 1], left, index));
            WS_TRY(add_pair(t, symbols[done - 1], product, index));
        }
        symbols[done++] = product;
        at += 2;
        if (at < word->count) {
            WS_TRY(remove_pair(t, right, symbols[at], index));
            WS_TRY(add_pair(t, product, symbols[at], index));
        }
    }
    word->count = done;
    return WS_OK;
}

/* The id of the two texts, one behind the other. */
static enum ws_status join_texts(struct ws_tokenizer_training *t, uint32_t left, uint32_t right,
                                 uint32_t *out)
{
    ws_buffer_reset(&t->text);
    ws_buffer_text(&t->text, ws_text_set_at(&t->texts, left));
    ws_buffer_text(&t->text, ws_text_set_at(&t->texts, right));
    if (t->text.status != WS_OK)
        return no_memory(t);
    return ws_text_set_add(&t->texts, t->text.data, t->text.size, out, t->err);
}

static enum ws_status merge(struct ws_tokenizer_training *t, const struct queued *item)
{
    struct ws_merge merge = {.left = item->left, .right = item->right};
    const struct pair pair = ITEMS(t->pairs, struct pair)[item->pair];
    WS_TRY(join_texts(t, merge.left, merge.right, &merge.product));
    ws_buffer_append(&t->merges, &merge, sizeof merge);
    if (t->merges.status != WS_OK)
        return no_memory(t);
    for (uint32_t i = 0; i < pair.word_count; i++)
        WS_TRY(merge_in_word(t, ITEMS(t->lists, uint32_t)[pair.list + i], &merge));
    return queue_arisen(t);
}

static enum ws_status merge_all(struct ws_tokenizer_training *t)
{
    while (t->texts.count < t->wanted && t->queue.size > 0) {
        struct queued top = pop(t);
        uint64_t times = ITEMS(t->pairs, struct pair)[top.pair].times;
        if (times != top.times) { /* some places went to other pairs since */
            top.times = times;
            WS_TRY(push(t, top));
            continue;
        }
        if (times == 0)
            break;
        WS_TRY(merge(t, &top));
    }
    return WS_OK;
}

/* From the text to the tokenizer --------------------------------------------------------------- */

static enum ws_status name_special(struct ws_tokenizer_training *t, const char *const *special,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t id;
        if (special[i][0] == '\0' || !ws_is_one_line(special[i]))
            return ws_fail(t->err, WS_INVALID, "the special token '%s' is not a line of UTF-8 text",
                           special[i]);
        WS_TRY(ws_text_set_add(&t->texts, special[i], strlen(special[i]), &id, t->err));
    }
    return WS_OK;
}

static enum ws_status name_bytes(struct ws_tokenizer_training *t)
{
    for (int32_t character = 0; character < WS_ALPHABET_END; character++) {
        int byte = ws_alphabet_byte(character);
        if (byte < 0)
            continue;
        uint8_t value = (uint8_t)byte;
        ws_buffer_reset(&t->text);
        ws_alphabet_spell(ws_bytes_of(&value, 1), &t->text);
        if (t->text.status != WS_OK)
            return no_memory(t);
        WS_TRY(ws_text_set_add(&t->texts, t->text.data, t->text.size, &t->bytes[byte], t->err));
    }
    return WS_OK;
}

static enum ws_status add_special(const struct ws_tokenizer_training *t,
                                  struct ws_tokenizer *tokenizer, struct ws_arena *arena)
{
    tokenizer->added = WS_ARENA_ZNEW(arena, struct ws_added_token, t->special_count);
    if (!tokenizer->added)
        return no_memory(t);
    for (uint32_t id = 0; id < t->special_count; id++) {
        struct ws_added_token *token = &tokenizer->added[tokenizer->added_count++];
        token->text = ws_arena_text(arena, ws_text_set_at(&t->texts, id));
        token->id = id;
        token->special = true;
        if (!token->text)
            return no_memory(t);
    }
    return WS_OK;
}

static enum ws_status make_tokenizer(struct ws_tokenizer_training *t, struct ws_arena *arena,
                                     const struct ws_tokenizer **out)
{
    const char **texts = WS_ARENA_NEW(&t->scratch, const char *, t->texts.count);
    struct ws_tokenizer *tokenizer = ws_tokenizer_new("the trained tokenizer", arena);
    if (!texts || !tokenizer)
        return no_memory(t);
    for (uint32_t id = 0; id < t->texts.count; id++)
        texts[id] = ws_text_set_at(&t->texts, id);
    ws_tokenizer_set_byte_level(tokenizer, false);
    WS_TRY(add_special(t, tokenizer, arena));
    WS_TRY(ws_tokenizer_set_vocabulary(tokenizer, texts, t->texts.count, arena, t->err));
    tokenizer->merge_count = (uint32_t)ITEM_COUNT(t->merges, struct ws_merge);
    tokenizer->merges = ws_arena_copy(arena, t->merges.data, t->merges.size);
    if (!tokenizer->merges)
        return no_memory(t);
    WS_TRY(ws_tokenizer_complete(tokenizer, arena, t->err));
    *out = tokenizer;
    return WS_OK;
}

static enum ws_status name_tokens(struct ws_tokenizer_training *t, const char *const *special,
                                  size_t special_count)
{
    WS_TRY(name_special(t, special, special_count));
    t->special_count = t->texts.count;
    WS_TRY(name_bytes(t));
    if (t->wanted < t->texts.count)
        return ws_fail(t->err, WS_INVALID,
                       "a vocabulary of %u tokens, wanted at least %u: the special tokens and "
                       "every byte",
                       t->wanted, t->texts.count);
    return WS_OK;
}

enum ws_status ws_tokenizer_training_open(uint32_t count, const char *const *special,
                                          size_t special_count,
                                          const struct ws_allocator *allocator,
                                          struct ws_tokenizer_training **out, struct ws_error *err)
{
    struct ws_tokenizer_training *t = ws_realloc(allocator, NULL, 0, sizeof *t);
    if (!t)
        return ws_fail_memory(err, "training a tokenizer");
    *t = (struct ws_tokenizer_training){.allocator = allocator, .wanted = count, .err = err};
    struct ws_buffer *buffers[] = {BUFFERS(t)};
    ws_arena_init(&t->scratch, allocator);
    ws_text_set_init(&t->texts, allocator);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        ws_buffer_init(buffers[i], allocator, SIZE_MAX);
    enum ws_status status = name_tokens(t, special, special_count);
    if (status != WS_OK) {
        ws_tokenizer_training_close(t);
        return status;
    }
    *out = t;
    return WS_OK;
}

size_t ws_tokenizer_training_cut(struct ws_bytes text)
{
    const uint8_t *newline = memrchr(text.data, '\n', text.size);
    return newline ? (size_t)(newline - text.data) + 1 : 0;
}

enum ws_status ws_tokenizer_training_add(struct ws_tokenizer_training *t, struct ws_bytes text,
                                         struct ws_error *err)
{
    t->err = err;
    return count_words(t, text);
}

enum ws_status ws_tokenizer_training_finish(struct ws_tokenizer_training *t, struct ws_arena *arena,
                                            const struct ws_tokenizer **out, struct ws_error *err)
{
    t->err = err;
    WS_TRY(lay_out_symbols(t));
    WS_TRY(count_pairs(t));
    WS_TRY(merge_all(t));
    return make_tokenizer(t, arena, out);
}

void ws_tokenizer_training_close(struct ws_tokenizer_training *t)
{
    if (!t)
        return;
    struct ws_buffer *buffers[] = {BUFFERS(t)};
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
        ws_buffer_release(buffers[i]);
    ws_text_set_release(&t->texts);
    ws_arena_release(&t->scratch);
    ws_free(t->allocator, t, sizeof *t);
}

enum ws_status ws_tokenizer_train(struct ws_bytes text, uint32_t count, const char *const *special,
                                  size_t special_count, struct ws_arena *arena,
                                  const struct ws_tokenizer **out, struct ws_error *err)
{
    struct ws_tokenizer_training *t;
    WS_TRY(ws_tokenizer_training_open(count, special, special_count, arena->allocator, &t, err));
    enum ws_status status = ws_tokenizer_training_add(t, text, err);
    if (status == WS_OK)
        status = ws_tokenizer_training_finish(t, arena, out, err);
    ws_tokenizer_training_close(t);
    return status;
}
