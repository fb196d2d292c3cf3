// libsecp256k1's memory for signing, blinded against side channels.
#pragma once

#include <array>
#include <cstdint>
#include <span>

struct secp256k1_context_struct;

namespace tranche::aster {

/// Fills `out` from the kernel's CSPRNG. False when it gives nothing.
bool fill_random(std::span<std::uint8_t> out);

/// One context of the library, from creation to destruction. Signing with it is thread-safe.
class CurveContext {
public:
    CurveContext();
    ~CurveContext();
    CurveContext(const CurveContext&) = delete;
    CurveContext& operator=(const CurveContext&) = delete;

    secp256k1_context_struct* get() const { return library_; }

private:
    secp256k1_context_struct* library_;
};

}  // namespace tranche::aster
