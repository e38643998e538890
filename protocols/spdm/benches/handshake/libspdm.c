/* How long libspdm takes for a handshake, VERSION to END_SESSION_ACK, both roles in one process and on one thread, over
 * memory and in data objects: SPDM 1.3, P-384, SHA-384, AES-256-GCM, and a chain that is read and verified every time.
 *
 *     libspdm ROOT CHAIN KEY ROUNDS
 *
 * ROOT is the root certificate and CHAIN all certificates, root first, in DER; KEY is the leaf's, in PEM. What it
 * prints is one line, the process' time on the processor:
 *
 *     min_us=N median_us=N max_us=N exchanges=N bytes=N
 *
 * The key is read once. Written for libspdm 4.0 (commit 1e16c60f). */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hal/library/responder/asymsignlib.h"
#include "hal/library/responder/keyexlib.h"
#include "industry_standard/pcidoe.h"
#include "library/spdm_crypt_ext_lib.h"
#include "library/spdm_crypt_lib.h"
#include "library/spdm_requester_lib.h"
#include "library/spdm_responder_lib.h"
#include "library/spdm_transport_pcidoe_lib.h"

#define SLOT 0
#define MESSAGE 0x1200
#define OBJECT (MESSAGE + LIBSPDM_PCI_DOE_TRANSPORT_HEADER_SIZE + LIBSPDM_PCI_DOE_TRANSPORT_TAIL_SIZE)
#define LONGEST_CHAIN 0x4000
#define UNTIMED 3

static const uint32_t SIGNATURE = SPDM_ALGORITHMS_BASE_ASYM_ALGO_TPM_ALG_ECDSA_ECC_NIST_P384;
static const uint32_t HASH = SPDM_ALGORITHMS_BASE_HASH_ALGO_TPM_ALG_SHA_384;

/* One side of the wire: its context, what it writes to and reads from, and what it has sent last. */
struct side {
    void *context;
    uint8_t sending[OBJECT], receiving[OBJECT], sent[OBJECT];
    size_t length;
};

static struct side requester, responder;
static void *private_key;
static unsigned long exchanges, bytes;

static void must(bool held, const char *what)
{
    if (!held) {
        fprintf(stderr, "libspdm: %s\n", what);
        exit(1);
    }
}

static void done(libspdm_return_t status, const char *step)
{
    if (LIBSPDM_STATUS_IS_ERROR(status)) {
        fprintf(stderr, "libspdm: %s: %08x\n", step, (unsigned)status);
        exit(1);
    }
}

/* What libspdm asks of whoever integrates it. */

bool libspdm_responder_data_sign(void *context, spdm_version_number_t version, uint8_t key_pair, uint8_t code,
                                 uint32_t algorithm, uint32_t pqc_algorithm, uint32_t hash, bool is_hash,
                                 const uint8_t *message, size_t length, uint8_t *signature, size_t *size)
{
    (void)context, (void)key_pair, (void)pqc_algorithm;
    return is_hash
               ? libspdm_asym_sign_hash(version, code, algorithm, hash, private_key, message, length, signature, size)
               : libspdm_asym_sign(version, code, algorithm, hash, private_key, message, length, signature, size);
}

bool libspdm_challenge_opaque_data(void *context, spdm_version_number_t version, uint8_t slot, size_t asked,
                                   const void *request, void *opaque, size_t *size)
{
    (void)context, (void)version, (void)slot, (void)asked, (void)request, (void)opaque;
    *size = 0;
    return true;
}

/* Not made here: libspdm then says the version of secured messages itself. */
bool libspdm_key_exchange_rsp_opaque_data(void *context, spdm_version_number_t version, uint8_t summary, uint8_t slot,
                                          uint8_t policy, const void *request, size_t asked, void *opaque,
                                          size_t *size)
{
    (void)context, (void)version, (void)summary, (void)slot, (void)policy, (void)request, (void)asked, (void)opaque;
    (void)size;
    return false;
}

bool libspdm_finish_rsp_opaque_data(void *context, uint32_t session, spdm_version_number_t version, uint8_t slot,
                                    const void *request, size_t asked, void *opaque, size_t *size)
{
    (void)context, (void)session, (void)version, (void)slot, (void)request, (void)asked, (void)opaque;
    *size = 0;
    return true;
}

bool libspdm_challenge_start_mut_auth(void *context, spdm_version_number_t version, uint8_t slot, size_t asked,
                                      const void *request)
{
    (void)context, (void)version, (void)slot, (void)asked, (void)request;
    return false;
}

uint8_t libspdm_key_exchange_start_mut_auth(void *context, uint32_t session, spdm_version_number_t version,
                                            uint8_t slot, uint8_t *own_slot, uint8_t policy, size_t asked,
                                            const void *request, bool *is_mandatory)
{
    (void)context, (void)session, (void)version, (void)slot, (void)own_slot, (void)policy, (void)asked, (void)request;
    *is_mandatory = false;
    return 0;
}

/* What is linked and, by the capabilities below, never called. */
#define NEVER(name) \
    void name(void); \
    void name(void) { abort(); }

NEVER(libspdm_encap_challenge_opaque_data)
NEVER(libspdm_event_get_types)
NEVER(libspdm_event_subscribe)
NEVER(libspdm_gen_csr)
NEVER(libspdm_generate_device_endpoint_info)
NEVER(libspdm_generate_event_list)
NEVER(libspdm_generate_measurement_summary_hash)
NEVER(libspdm_get_cert_chain_slot_storage_size)
NEVER(libspdm_is_in_trusted_environment)
NEVER(libspdm_measurement_collection)
NEVER(libspdm_measurement_extension_log_collection)
NEVER(libspdm_measurement_opaque_data)
NEVER(libspdm_psk_exchange_rsp_opaque_data)
NEVER(libspdm_psk_finish_rsp_opaque_data)
NEVER(libspdm_psk_handshake_secret_hkdf_expand)
NEVER(libspdm_psk_master_secret_hkdf_expand)
NEVER(libspdm_read_key_pair_info)
NEVER(libspdm_read_total_key_pairs)
NEVER(libspdm_requester_data_sign)
NEVER(libspdm_write_certificate_to_nvm)
NEVER(libspdm_write_key_pair_info)

/* The wire. */

static struct side *side_of(void *context)
{
    return context == requester.context ? &requester : &responder;
}

static libspdm_return_t send_object(void *context, size_t length, const void *object, uint64_t timeout)
{
    struct side *from = side_of(context);
    (void)timeout;
    must(length <= OBJECT, "an object is too long");
    memcpy(from->sent, object, length);
    from->length = length;
    exchanges += from == &requester;
    bytes += length;
    return LIBSPDM_STATUS_SUCCESS;
}

/* The requester's wait for an answer is when the responder works. */
static libspdm_return_t receive_object(void *context, size_t *length, void **object, uint64_t timeout)
{
    struct side *to = side_of(context), *from = to == &requester ? &responder : &requester;
    (void)timeout;
    if (to == &requester)
        done(libspdm_responder_dispatch_message(responder.context), "answer");
    memcpy(*object, from->sent, from->length);
    *length = from->length;
    return LIBSPDM_STATUS_SUCCESS;
}

static libspdm_return_t lend_sending(void *context, void **buffer)
{
    *buffer = side_of(context)->sending;
    return LIBSPDM_STATUS_SUCCESS;
}

static libspdm_return_t lend_receiving(void *context, void **buffer)
{
    *buffer = side_of(context)->receiving;
    return LIBSPDM_STATUS_SUCCESS;
}

static void take_back(void *context, const void *buffer)
{
    (void)context, (void)buffer;
}

/* Both sides as they are wanted. */

static void *memory(size_t size)
{
    void *memory = calloc(1, size);
    must(memory != NULL, "no memory");
    return memory;
}

static void set(struct side *side, libspdm_data_type_t name, const void *value, size_t size)
{
    libspdm_data_parameter_t place = {.location = LIBSPDM_DATA_LOCATION_LOCAL};
    done(libspdm_set_data(side->context, name, &place, (void *)value, size), "setting");
}

#define SET(side, name, type, ...) \
    do { \
        type value = __VA_ARGS__; \
        set(side, LIBSPDM_DATA_##name, &value, sizeof value); \
    } while (0)

static void set_up(struct side *side, uint32_t capabilities)
{
    void *context = side->context = memory(libspdm_get_context_size());
    size_t scratch;
    done(libspdm_init_context(context), "context");
    libspdm_register_device_io_func(context, send_object, receive_object);
    libspdm_register_transport_layer_func(context, MESSAGE, LIBSPDM_PCI_DOE_TRANSPORT_HEADER_SIZE,
                                          LIBSPDM_PCI_DOE_TRANSPORT_TAIL_SIZE,
                                          libspdm_transport_pci_doe_encode_message,
                                          libspdm_transport_pci_doe_decode_message);
    libspdm_register_device_buffer_func(context, OBJECT, OBJECT, lend_sending, take_back, lend_receiving, take_back);
    scratch = libspdm_get_sizeof_required_scratch_buffer(context);
    libspdm_set_scratch_buffer(context, memory(scratch), scratch);
    libspdm_register_cert_chain_buffer(context, memory(LONGEST_CHAIN), LONGEST_CHAIN);

    SET(side, SPDM_VERSION, spdm_version_number_t, SPDM_MESSAGE_VERSION_13 << SPDM_VERSION_NUMBER_SHIFT_BIT);
    SET(side, CAPABILITY_CT_EXPONENT, uint8_t, 0);
    SET(side, CAPABILITY_FLAGS, uint32_t, capabilities);
    SET(side, BASE_ASYM_ALGO, uint32_t, SIGNATURE);
    SET(side, BASE_HASH_ALGO, uint32_t, HASH);
    SET(side, DHE_NAME_GROUP, uint16_t, SPDM_ALGORITHMS_DHE_NAMED_GROUP_SECP_384_R1);
    SET(side, AEAD_CIPHER_SUITE, uint16_t, SPDM_ALGORITHMS_AEAD_CIPHER_SUITE_AES_256_GCM);
    SET(side, KEY_SCHEDULE, uint16_t, SPDM_ALGORITHMS_KEY_SCHEDULE_SPDM);
    SET(side, OTHER_PARAMS_SUPPORT, uint8_t, SPDM_ALGORITHMS_OPAQUE_DATA_FORMAT_1);
}

static uint8_t *file(const char *path, size_t *length)
{
    uint8_t *content = memory(LONGEST_CHAIN);
    FILE *opened = fopen(path, "rb");
    must(opened != NULL, path);
    *length = fread(content, 1, LONGEST_CHAIN, opened);
    must(*length < LONGEST_CHAIN && !ferror(opened), path);
    fclose(opened);
    return content;
}

/* A chain as SPDM has it: its length, the root's digest, the certificates. */
static void set_chain(const uint8_t *root, size_t root_length, const char *path)
{
    size_t length, head = sizeof(spdm_cert_chain_t) + libspdm_get_hash_size(HASH);
    uint8_t *certificates = file(path, &length), *chain = memory(head + length);
    ((spdm_cert_chain_t *)chain)->length = (uint32_t)(head + length);
    must(libspdm_hash_all(HASH, root, root_length, chain + sizeof(spdm_cert_chain_t)), "hash");
    memcpy(chain + head, certificates, length);
    libspdm_data_parameter_t place = {.location = LIBSPDM_DATA_LOCATION_LOCAL, .additional_data = {SLOT}};
    done(libspdm_set_data(responder.context, LIBSPDM_DATA_LOCAL_PUBLIC_CERT_CHAIN, &place, chain, head + length),
         "chain");
    SET(&responder, LOCAL_SUPPORTED_SLOT_MASK, uint8_t, 1 << SLOT);
}

/* The work. */

static void shake_hands(void)
{
    static uint8_t chain[LONGEST_CHAIN], digests[SPDM_MAX_SLOT_COUNT * LIBSPDM_MAX_HASH_SIZE];
    static uint8_t summary[LIBSPDM_MAX_HASH_SIZE];
    size_t length = sizeof chain;
    uint8_t slots, heartbeat;
    uint32_t session;
    void *context = requester.context;
    done(libspdm_init_connection(context, false), "VERSION to ALGORITHMS");
    done(libspdm_get_digest(context, NULL, &slots, digests), "DIGESTS");
    done(libspdm_get_certificate(context, NULL, SLOT, &length, chain), "CERTIFICATE");
    done(libspdm_challenge(context, NULL, SLOT, SPDM_CHALLENGE_REQUEST_NO_MEASUREMENT_SUMMARY_HASH, summary, &slots),
         "CHALLENGE");
    done(libspdm_start_session(context, false, NULL, 0, SPDM_KEY_EXCHANGE_REQUEST_NO_MEASUREMENT_SUMMARY_HASH, SLOT, 0,
                               &session, &heartbeat, summary),
         "KEY_EXCHANGE and FINISH");
    done(libspdm_stop_session(context, session, 0), "END_SESSION");
}

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int order(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void measure(size_t rounds)
{
    double *times = memory(rounds * sizeof *times);
    for (size_t untimed = 0; untimed < UNTIMED; untimed++)
        shake_hands();
    exchanges = bytes = 0;
    for (size_t round = 0; round < rounds; round++) {
        double start = now_us();
        shake_hands();
        times[round] = now_us() - start;
    }
    qsort(times, rounds, sizeof *times, order);
    printf("min_us=%.1f median_us=%.1f max_us=%.1f exchanges=%lu bytes=%lu\n", times[0], times[rounds / 2],
           times[rounds - 1], exchanges / rounds, bytes / rounds);
}

int main(int count, char **arguments)
{
    must(count == 5, "ROOT CHAIN KEY ROUNDS are wanted");
    set_up(&requester,
           SPDM_GET_CAPABILITIES_REQUEST_FLAGS_KEY_EX_CAP | SPDM_GET_CAPABILITIES_REQUEST_FLAGS_ENCRYPT_CAP |
               SPDM_GET_CAPABILITIES_REQUEST_FLAGS_MAC_CAP);
    set_up(&responder,
           SPDM_GET_CAPABILITIES_RESPONSE_FLAGS_CERT_CAP | SPDM_GET_CAPABILITIES_RESPONSE_FLAGS_CHAL_CAP |
               SPDM_GET_CAPABILITIES_RESPONSE_FLAGS_KEY_EX_CAP | SPDM_GET_CAPABILITIES_RESPONSE_FLAGS_ENCRYPT_CAP |
               SPDM_GET_CAPABILITIES_RESPONSE_FLAGS_MAC_CAP);
    size_t root_length, key_length;
    uint8_t *root = file(arguments[1], &root_length), *key = file(arguments[3], &key_length);
    set(&requester, LIBSPDM_DATA_PEER_PUBLIC_ROOT_CERT, root, root_length);
    set_chain(root, root_length, arguments[2]);
    must(libspdm_asym_get_private_key_from_pem(SIGNATURE, key, key_length, NULL, &private_key), "the key");
    size_t rounds = strtoul(arguments[4], NULL, 10);
    must(rounds > 0, "no rounds");
    measure(rounds);
    return 0;
}
